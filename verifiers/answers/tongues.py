# ruff: noqa: RUF001
"""How an answer is marked in other languages than English: names of answer lines, and sentences that say it.

`NAMES` stand before a colon (`Antwoord: 42`, `最终答案：42`), `SAID` before the answer ("Die richtige Antwort lautet").
Words for a result or a solution are none of them unless "final" is said: they head the work as often as its end.
"""

from __future__ import annotations

STEMS = (
    *("ntwort", "rgebnis", "éponse", "ésultat", "espuesta", "esultado", "esposta", "isposta", "isultato", "ntwoord"),
    *(
        "dpowied",
        "Odp",
        "odp.",
        "твет",
        "ТВЕТ",
        "ідповід",
        "evap",
        "anıt",
        "جواب",
        "جابة",
        "תשובה",
        "उत्तर",
        "ตอบ",
        "áp án",
    ),
    *("áp án", "áp số", "rả lời", "awab", "svar", "Svar", "astaus", "dpověď", "πάντηση", "答", "답"),
)
"""Looked for first, because that costs little."""

NAMES = (
    r"(?:endgültige|richtige|korrekte|finale|abschließende)?[ \t]*antwort|endergebnis"
    r"|(?:bonne[ \t]+)?réponse(?:[ \t]+(?:finale|correcte|exacte))?|résultat[ \t]+final"
    r"|respuesta(?:[ \t]+(?:final|correcta))?|resultado[ \t]+final|resposta(?:[ \t]+(?:final|correta|certa))?"
    r"|risposta(?:[ \t]+(?:finale|corretta|esatta))?|risultato[ \t]+finale"
    r"|(?:uiteindelijke|juiste|definitieve)?[ \t]*(?:eind)?antwoord"
    r"|(?:ostateczna|poprawna|prawidłowa|końcowa)?[ \t]*odpowiedź(?:[ \t]+końcowa)?|odp\.?"
    r"|(?:окончательный|правильный|итоговый|верный|финальный|итак,)?[ \t]*ответ"
    r"|(?:остаточна|правильна|кінцева)?[ \t]*відповідь"
    r"|(?:doğru|son|nihai|kesin)?[ \t]*(?:cevap|yanıt)"
    r"|(?:ال)?(?:إجابة|اجابة|جواب)(?:[ \t]+(?:النهائية|النهائي|الصحيحة|الصحيح|هي|هو))*"
    r"|ה?תשובה(?:[ \t]+(?:ה?סופית|ה?נכונה|היא))*|(?:अंतिम|सही)?[ \t]*उत्तर|คำตอบ(?:สุดท้าย|ที่ถูกต้อง)?(?:คือ)?|ตอบ"
    r"|(?:vậy,?[ \t]+)?(?:đáp án|đáp số|câu trả lời|trả lời)(?:[ \t]+(?:cuối cùng|đúng))?(?:[ \t]+là)?"
    r"|jawab(?:an)?(?:nya)?(?:[ \t]+(?:akhir|akhirnya|benar|yang benar))?(?:[ \t]+adalah)?"
    r"|(?:slutligt|slutgiltigt|rätt|korrekt|endelig|endeligt)?[ \t]*svar|(?:lopullinen|oikea)?[ \t]*vastaus"
    r"|(?:konečná|správná|výsledná)?[ \t]*odpověď|(?:τελική|σωστή)?[ \t]*απάντηση"
    r"|(?:最终|最終|最后|最後|正确|正確|标准|標準)?的?(?:答案|答え|答|解答(?<=最終解答))"
    r"|(?:최종[ \t]?)?(?:정답|답변?)"
)
"""In lower case; to be read without regard to case."""

SAID = r"""
    \b(?: (?:die\ (?:richtige\ |korrekte\ |endgültige\ |finale\ |gesuchte\ )?antwort|das\ (?:end)?ergebnis)
            \ (?:ist|lautet|beträgt)(?:\ also|\ daher|\ somit)?
        | (?:ist|lautet)\ die\ (?:richtige\ )?antwort
        | la\ (?:bonne\ )?réponse\ (?:finale\ |correcte\ |exacte\ )?est(?:\ donc)?
        | la\ respuesta\ (?:final\ |correcta\ )?es | a\ resposta\ (?:final\ |correta\ |certa\ )?é
        | la\ risposta\ (?:finale\ |corretta\ |esatta\ )?è
        | het\ (?:juiste\ |uiteindelijke\ |definitieve\ |goede\ )?antwoord\ is(?:\ dus)?
        | odpowiedź\ (?:to|brzmi|wynosi)
        | (?:ответ|відповідь)[ ]?(?:равен|равно|будет|составляет|дорівнює|это|це|[:—–-])
        | (?:câu\ trả\ lời|đáp\ án|đáp\ số)(?:\ cuối\ cùng|\ đúng)?\ là | jawaban(?:nya|\ akhir(?:nya)?)?\ adalah
        | svaret\ (?:är|er) | vastaus\ on | odpověď\ je | απάντηση\ είναι
        | (?:ال)?(?:إجابة|جواب)(?:\ النهائية|\ النهائي|\ الصحيحة|\ الصحيح)?\ (?:هي|هو)
        | ה?תשובה(?:\ הסופית|\ הנכונה)?\ היא )(?=[\s:$\\*])
    | उत्तर[ ] | คำตอบ(?:สุดท้าย|ที่ถูกต้อง)?คือ | 答案(?:应该|應該)?(?:是|为|為)[：:]? | 答えは[、，]? | (?:정답|답)은
"""
"""For `re.VERBOSE`; to be read without regard to case."""
ENDING = r"[\s]*(?:です|でした|である|になります|となります|입니다|이다|이에요|예요|है|ครับ|ค่ะ)[.]?$"
"""What makes a sentence polite or whole and says nothing of the answer."""
