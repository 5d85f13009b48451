# ruff: noqa: RUF001
"""Answers in other languages: how they are marked, what is counted, and what denies or changes them."""

from __future__ import annotations

import pytest
from reasonrl.verifiers.math import verify_math, verify_number
from reasonrl.verifiers.math.counted import COUNTED, is_counted
from reasonrl.verifiers.math.words import CHANGES_THE_VALUE

MARKED = """
    答案：42|答：42|最终答案：42|因此，答案是42。|答案为：42|正确答案是42|最後答案：42|**答案：42**|答えは42です。
    答え：42|最終的な答えは42です。|よって、答えは 42 個です。|정답: 42|답: 42|답은 42입니다.|따라서 정답은 42이다.
    최종 답: 42|Endgültige Antwort: 42|Die richtige Antwort ist 42.|Also ist die Antwort 42.|Das Ergebnis ist 42.
    Réponse : 42|La bonne réponse est 42.|Réponse finale : 42|Respuesta final: 42|La respuesta correcta es 42.
    A resposta correta é 42.|Resposta: 42|La risposta finale è 42.|Risposta: 42|Antwoord: 42
    Het juiste antwoord is 42.|Odpowiedź: 42|Odpowiedź to 42.|Odp.: 42|Окончательный ответ: 42|Ответ — 42
    Ответ равен 42.|Итак, ответ: 42|Відповідь: 42|Cevap: 42|Doğru cevap: 42|الجواب: 42|الإجابة النهائية: 42
    الجواب هو 42|תשובה: 42|התשובה היא 42.|उत्तर: 42|उत्तर 42 है।|คำตอบ: 42|คำตอบคือ 42|Đáp án: 42|Câu trả lời là 42.
    Jawaban: 42|Jadi, jawabannya adalah 42.|Svar: 42|Svaret är 42.|Vastaus on 42.|Odpověď: 42|Η απάντηση είναι 42.
"""
DENIED = """
    答案不是42|答案：不是42|答案约为42|答えは42ではない|答えは約42です|答えは42以上です|정답은 42가 아닙니다.
    정답은 약 42입니다.|답: 42 이상|Antwort: nicht 42|Die Antwort ist nicht 42.|Die Antwort ist etwa 42.
    Antwort: 42 oder 43|La réponse est environ 42.|La réponse n'est pas 42.|La respuesta no es 42.
    La respuesta es 42 o 43.|Resposta: menos 42|La risposta è circa 42.|Het antwoord is niet 42.|Odpowiedź: nie 42
    Ответ: не 42|Ответ: примерно 42|Ответ: 42 тысячи|Відповідь: не 42|Cevap: 42 değil|الجواب: ليس 42|תשובה: לא 42
    उत्तर 42 नहीं है।|คำตอบ: ไม่ใช่ 42|Đáp án là khoảng 42.|Jawabannya bukan 42.|Svaret är ungefär 42.
    Vastaus on noin 42.|Odpověď: ne 42|Απάντηση: όχι 42|答案是42，但是错了。
    Das Ergebnis ist 42, aber das ist falsch.
"""
COUNTED_TAILS = """
    米|个苹果|名学生|种不同的方法|元钱|千米/时|円です|個のりんご|通り|メートル|개의 사과|명입니다|킬로미터| Kugeln
    | Möglichkeiten| Quadratmeter| puntos| metros cuadrados| chevaux| mètres carrés| caramelle| fiori| palline
    | balões| dagen| leerlingen| uur| książek| złotych| godzin| uczniów| рыб| евро| кв. м| м| яблук| гривень| днів
    | kitap| öğrenci| dakika| تفاحة| ساعات| תפוחים| שקלים| किताबें| रुपये| บาท| ชั่วโมง| quả táo| học sinh| đồng
    | buku| rupiah| anak| äpplen| kronor| timmar| omenaa| euroa| tuntia| jablek| korun| Kč| μήλα| ευρώ| ώρες
"""
CHANGED_TAILS = """
    億|兆|个半|多个|个以上|个以内|左右|倍|成|以外|未満|くらい|個以上|の半分|ではない|만|억|퍼센트|개 이상|배|의 절반
    | Hunderttausend| Mio.| Halbe| Prozent| cientos| por ciento| millièmes| demis| centaines| migliaia| dozzine
    | dúzias| milhares| dozijn| tysięcy| tuzinów| setek| дюжин| млн| десятков| тисяч| відсотків| bin| milyon| yüzde
    | ألف| مليون| بالمئة| אלף| אחוז| लाख| हज़ार| प्रतिशत| ล้าน| พัน| เปอร์เซ็นต์| nghìn| triệu| phần trăm| ribu| juta
    | persen| tusen| miljoner| procent| tuhatta| prosenttia| tisíc| χιλιάδες| τοις εκατό| ou mais| o más| oder mehr
    | of meer| eller mer| lub więcej| või| veces| fois| raz| root| gradians| sines| quintets| abducts| follows
    | exists| remains| represents| satisfies| depends| implies
"""


def each(text: str) -> list[str]:
    return [piece.rstrip() for line in text.strip("\n").split("\n") for piece in line.strip(" ").split("|") if piece]


@pytest.mark.parametrize("response", each(MARKED))
def test_an_answer_is_marked_in_its_own_language(response: str) -> None:
    assert verify_math("42", response).correct
    assert verify_number("42", response).correct
    assert not verify_math("43", response).correct


@pytest.mark.parametrize("response", each(DENIED))
def test_an_answer_that_is_denied_in_its_own_language_is_none(response: str) -> None:
    assert not verify_math("42", response).correct
    assert not verify_number("42", response).correct


@pytest.mark.parametrize("tail", each(COUNTED_TAILS))
@pytest.mark.parametrize("form", ["\\boxed{42%s}", "Answer: 42%s", "\\boxed{42\\text{%s}}"])
def test_what_is_counted_may_be_named_in_any_of_the_languages(form: str, tail: str) -> None:
    assert verify_math("42", form % tail).correct


@pytest.mark.parametrize("tail", each(CHANGED_TAILS))
@pytest.mark.parametrize("form", ["\\boxed{42%s}", "Answer: 42%s", "\\boxed{42\\text{%s}}"])
def test_what_changes_the_value_is_no_noun_in_any_of_them(form: str, tail: str) -> None:
    assert not verify_math("42", form % tail).correct
    assert not verify_number("42", form % tail).correct


def test_a_unit_is_the_same_in_any_language_and_another_one_is_another() -> None:
    assert verify_math("5\\text{ km}", "\\boxed{5 kilometrów}").correct
    assert verify_math("5\\text{ km}", "\\boxed{5000 メートル}").correct
    assert not verify_math("5\\text{ km}", "\\boxed{5 godzin}").correct
    assert not verify_math("5\\text{ km}", "\\boxed{5 メートル}").correct


def test_no_word_of_the_lists_is_known_to_change_a_value() -> None:
    assert not COUNTED & CHANGES_THE_VALUE
    assert not any(map(is_counted, ["", "万", "개월 이상", "個の半分"]))
