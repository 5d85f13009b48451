# ruff: noqa: RUF001
"""The words that may stand beside a number without changing what it says. Whatever is not known is not harmless.

Behind       a unit of measure (units.py); what is counted: a plural, or a noun or counter of the lists below, perhaps
             with adjectives before it and "per day", "in all", "of water" behind it
Before       a few words such as "exactly" and "a total of", and a currency
Never        hedges, bounds, negations, numerals, fractions, conditions and comparatives, in any language: English ones
             are listed, because they look like nouns; of other languages only what is known to be harmless is read
"""

from __future__ import annotations

import functools
import re
from fractions import Fraction
from typing import NamedTuple

from reasonrl.verifiers.math.counted import is_counted
from reasonrl.verifiers.math.units import Unit, read_unit

MAX_CHARS = 120
_CHANGES = """
    or and not no to but than between either neither nor maybe perhaps possibly probably likely minus plus times over
    point negative positive mod modulo choose base divided multiplied by half halves third thirds quarter quarters
    fourth fourths fifth fifths sixth sixths seventh sevenths eighth eighths ninth ninths tenth tenths hundredth
    hundredths thousandth thousandths millionth millionths billionth billionths percent percents percentage pct
    percentile permille dozen dozens gross score scores tens lakh lakhs lac lacs crore crores googol googols myriad
    myriads twice thrice double doubled doubles triple tripled triples quadruple quadruples quintuple halved fold
    tenfold twofold hundredfold couple couples pair pairs trio trios twins triplets brace baker bakers basis ppm ppb
    bps bp below under beneath above beyond exceeding exceeds exceed except excluding excluded excludes besides
    without wrong incorrect false untrue invalid impossible zero eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand
    thousands million millions billion billions trillion trillions quadrillion quadrillions k bn mn tn grand one two
    three four five six seven eight nine ten squared cubed factorial factorials root sqrt pi e i x y z log ln sin cos
    tan inverse inverses inverted reciprocal reciprocals opposite opposites reversed backwards raised power powers if
    unless when whenever while whether provided assuming given where until till before after almost nearly roughly
    approximately approx about around circa close near more less fewer least most greater larger smaller bigger higher
    lower longer shorter further extra another other others else bound bounds bounded maximum minimum max min upper
    lowest highest never always sometimes hardly barely scarcely rarely isnt isn aren arent wasnt doesnt dont cannot
    cant can is are was were be been am has have had do does did equals equal differs differ different up down off
    short so any some all only even odd otherwise wait instead rather actually former previous guess rejected fails
    undefined nonexistent infinite infinity undecided unknown unsure uncertain error errors wrongly mistaken this
    these those that which who it its they thus us hence therefore then also too versus vs via ish plusminus
    complement negated negation conjugate modulus remainder successor predecessor digit-sum multiplier multipliers
    per-mille permil per-cent nil null none nan cent-fold sixfold fivefold threefold fourfold sevenfold eightfold
    ninefold milli kilo mega giga nano micro deci centi hexadecimal binary octal decimal decimals minuses pluses
    negatives plusses score-points radians steradians ones twos threes fours fives sixes sevens eights nines halvings
    doublings percentiles approximates tends converges diverges seems appears contradicts violates becomes increases
    decreases drops lacks means lies adds subtracts multiplies divides often taken hidden forbidden forgotten barring
    pending allegedly supposedly naturally afterwards whatever whichever wherever however indeed yes wrongs guesses
    doubts estimates conjectures averages denies negates root rads gradians gradian sines cosines tangents logarithms
    quintets sextets septets octets quartets squareroots remains exists follows grows shrinks sings abducts
"""
_OR = "o ou oder oppure et und или и lub albo veya ve eller och tai ja nebo hoặc atau dan"
"""What begins another possibility in languages whose plurals are read by their endings."""
_VERBS = """
    abandons accepts achieves admits agrees allows applies arises arrives assumes attains avoids begins belongs brings
    calculates carries chooses comes comprises computes concludes confirms confuses consists contains continues
    converts corresponds creates decides deduces defines deletes depends derives describes destroys detects determines
    develops deviates disagrees disappears discards disproves eliminates emerges ensures enters erases evaluates
    excels expects explains expresses extends forbids forgets gives goes guarantees happens hides holds ignores
    implies includes indicates inserts involves keeps knows lets loses makes minimizes maximizes neglects obtains
    occurs omits overestimates overshoots proves provides pushes puts rejects removes replaces represents requires
    resembles reverts satisfies says solves speaks succeeds suffices suggests supposes tells thinks truncates
    underestimates undershoots vanishes varies verifies wants writes yields
"""
"""Verbs that look like plurals; those that are nouns, too (turns, matches, rounds), are not listed."""
CHANGES_THE_VALUE = frozenset(_CHANGES.split()) | frozenset(_VERBS.split()) | frozenset(_OR.split())
"""No such word is a unit, nor stands before one: "5 dozen" and "41 or 42" are not read as 5 and 41."""
_FOREIGN_CHANGES = re.compile(
    r"mil(?:$|l|j|i[aã]r|h[aãoõ]|a$|e$|es$|y)|bil(?:l|j|h|i)|tausend|hundert|dutzend|prozent|procent|promill|duizend|"
    r"honderd|d[eé]cim|cent[eé]sim|cent[ei][eè]m|milli[eè]m|cien|cent[oi]?s?$|dizain|douzain|docena|decena|d[uú]zi|"
    r"dezen|centena|tercio|cuarto|quinto|tiers$|quart|viertel|drittel|achtel|f[uü]nftel|zehntel|hundertstel|h[aä]lft|"
    r"halb|moiti|mitad|metade|met[aà]|menos|moins|meno$|m[aá]s$|plus|piu|più|weniger|mehr|mindest|h[oö]chst|minder|mal$|"
    r"fach$|veces|fois|volte|vezes|keer$|potenz|quadr|cuadr|carr[eé]|kubik|c[uú]b|fakult|pares|paires|paar|doble|doppel|"
    r"nicht|kein|nunca|jamais|nie|pas$|sauf|au[sß]er|ohne|sin$|sans$|oder|oppure|ou$|negativ|inver|punkt|punto|coma|"
    r"тыс|милл|мил|сот|сто$|проц|дюж|десят|трет|четверт|половин|раз|пар|больш|мень|боле|мене|не$|ни$|минус|плюс|ста$|"
    r"ник|ино|всег|если|или$|почти|ошиб|прибл|непр|невер|неве|доле|доли|около|если|либо|кроме|без|пят|шест|седьм|восьм|девят|"
    r"demis?$|mil[eé]s|centain|casais|ratus|quiz|jam[aá]s|apenas|antes|despu|demas|demás|además|hors|"
    r"pr[eè]s$|autres|environs|vers$|presque|medios?$|meios?$|"
    r"quintos|sextos|s[eé]ptimos|octavos|novenos|terços|quartos|\w+i[eè]mes?$|\w+avos?$|gr[oö][sß]|ungef|h[oö]her|"
    r"fr[uü]her|sp[aä]ter|m[oö]glich|ung[uü]l|n[aä]her|k[uü]rzer|l[aä]nger|fals|richti|ander|zero|nul"
)
"""Stems of numerals, fractions, comparatives and negations in languages whose plurals look like those of nouns."""
_NOUNS_TEXT = """
    people children men women feet mice geese sheep fish deer teeth oxen dice data cattle police staff rice corn
    bread money water milk juice sugar flour fruit food candy furniture homework apple orange pen pencil book
    student person child man woman boy girl day car ball coin dollar cent card box bag cup tree flower house
    room page egg cookie cake pizza slice piece point unit way time step move game goal win vote mark dog cat
    bird animal toy block brick chair table ticket seat bottle letter word number digit factor divisor prime
    edge face side vertex vertices indices axes matrices foci radii nuclei bacteria solution value triangle
    square circle rectangle line angle segment outcome combination permutation arrangement subset element member
    worker employee player team class school shirt sock shoe laps mph rpm fps sandwich sandwiches glasses loaves
    leaves knives lives wives shelves wolves calves thieves minute hour week month year mile inch foot pound
    ounce gallon meter liter gram revolution cycle degree äpfel bücher kinder leute männer frauen schüler bälle
    stücke personen birnen tage jahre stunden punkte steine eier manzanas personas niños libros mele persone
    studenti libri mensen appels kinderen boeken uova ragazzi bambini jabłek jabłka ludzi osób godzin minut dni
    lat elma kişi saat gün yıl buah orang hari tahun quả người ngày năm яблоко яблока яблок человек людей детей
    книга книги книг ученик ученика учеников студент студента студентов штук шт раза конфет конфеты тетрадь
    тетради тетрадей мальчик мальчиков девочка девочек деревьев монет марок страниц машин 元 个 個 人 名 只 隻
    本 张 張 枚 块 角 分 岁 歳 匹 頭 台 辆 棵 朵 条 件 双 位 次 回 种 種 组 页 頁 支 把 箱 杯 瓶 袋 颗 粒 片 家
    間 间 番 个人 名学生 个学生 本书 个苹果 个球 種類 通り 通 개 명 마리 권 장 번 가지 송이 자루 대 그루 방법
    ads cds dvds tvs cpus kgs bills grandchildren goldfish shrimp trout offspring salmon tuna moose aircraft
    series species legs
"""
_NOUNS = frozenset(_NOUNS_TEXT.split())
_TAIL_TEXT = """
    in of per on at from left remaining total altogether each every long wide tall high deep old away apart ago
    thick a an overall together available sold
"""
_TAIL = frozenset(_TAIL_TEXT.split())
_ENDINGS = re.compile(
    r"[,\s]*(?:(?:in|of) (?:all|total|change|cash|profit|revenue|earnings|savings|tips)|altogether|total|overall"
    r"|left(?: over)?|remaining|each)\s*",
    re.IGNORECASE,
)
_TIMES = re.compile(
    r"times(?: (?:an?|per|each|every) (?:second|minute|hour|day|week|month|year))?|pairs of [a-z]+s", re.IGNORECASE
)
_BEFORE = re.compile(
    r"(?:exactly|precisely|only|just|total|in total|altogether|a total of|us|usd|eur|gbp|inr|cad|aud|rs\.?|rmb"
    r"|(?:the|our|your|my) (?:final |correct )?(?:answer|result|value|number|total|sum|area|perimeter"
    r"|circumference|volume|length|width|height|depth|distance|radius|diameter|side|angle|cost|price|profit|difference"
    r"|product|quotient|remainder|average|mean|median|mode|probability|ratio|slope|speed|time|age|weight|(?:maximum|minimum"
    r"|largest|smallest|total|exact) (?:value|number|area|cost|distance|time)) (?:is|equals)|it is|it's"
    r"|(?:there|they) are|(?:he|she) has|(?:they|we|you) have|we get|(?:we|you) need|you get)",
    re.IGNORECASE,
)
_PERCENT = frozenset([
    "%", "percent", "percents", "pct", "percentage", "percentage points", "per cent", "prozent", "процент", "процента",
    "процентов", "por ciento", "pour cent", "per cento", "por cento",
])  # fmt: skip
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PART_OF = re.compile(r"of (?:an?|the|them|it|all)\b\s*", re.IGNORECASE)
_HYPHEN = re.compile(r"^-(?=[^\W\d_])")
_LETTERS = frozenset("mgsL")
"""The single letters that are units in plain text behind a blank; every other one is an unknown."""
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*,?")
_PLURAL = re.compile(r"[a-z]+(?:[^s\W]s|[^\W\d_]{2,}sses|[^\W\d_]+xes)")
_CYRILLIC = re.compile(r"[а-яё]{3,}(?:а|я|ов|ев|ей|и|ы)")


class Tail(NamedTuple):
    """What the words behind a number say. `unit` is None where they name what is counted."""

    unit: Unit | None = None
    factor: Fraction = Fraction(1)
    percent: bool = False
    noun: bool = False


@functools.lru_cache(maxsize=4096)
def read_tail(text: str, *, quoted: bool = False) -> Tail | None:
    """What stands behind a number, or None where it might change it.

    Args:
        text: everything behind the number, LaTeX commands removed.
        quoted: it is set as a text in a formula, so that a single letter can be a unit.

    >>> read_tail("red apples in all"), read_tail("dozen"), read_tail("for even n")
    (Tail(unit=None, factor=Fraction(1, 1), percent=False, noun=True), None, None)
    """
    text = _HYPHEN.sub("", " ".join(text.split()).strip(" ,;"))
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    if not text or text == ".":
        return Tail()
    if len(text) > MAX_CHARS:
        return None
    if text.lower().rstrip(".") in _PERCENT:
        return Tail(percent=True)
    if re.match(r"^(?:\W*[^\W\d_]\W*|\W)$", text):  # one letter
        unit = read_unit(text) if quoted or text in _LETTERS or not text.isascii() else None
        return Tail(unit=unit) if unit is not None or text in _NOUNS or is_counted(text) else None
    unit = read_unit(text)
    if unit is not None:
        return Tail(unit=unit)
    if re.search(r"[\d=<>+*^{}\\|?!~%#&@]|[:;,]\s*\S", _ended(text)):
        return None
    if not any(map(str.isalpha, text)):
        return None
    first, *rest = text.split(None, 1)
    if first.lower() in _SCALES and (not rest or read_tail(rest[0], quoted=True) not in (None, Tail(percent=True))):
        inner = read_tail(rest[0]) if rest else Tail()
        return inner._replace(factor=Fraction(_SCALES[first.lower()])) if inner else None
    if _ENDINGS.fullmatch(text):
        return Tail()
    if text in _NOUNS or text.lower() in _NOUNS or is_counted(text) or _TIMES.fullmatch(text):
        return Tail(noun=True)
    part = _PART_OF.match(text)
    if part is not None:
        whole = text[part.end() :]
        unit = read_unit(whole)
        return None if any(map(_changes, whole.lower().split())) else Tail(unit=unit, noun=unit is None)
    return _phrase(_ended(text).strip(" ,.") or text)


def _ended(text: str) -> str:
    """The words without "in all", "left", "each" at their end."""
    for match in _ENDINGS.finditer(text):
        if match.end() == len(text):
            return text[: match.start()]
    return text


def _phrase(text: str) -> Tail | None:
    """Adjectives, what is counted, and what may follow it."""
    written = text.replace(".", " ").split()
    words = [word.lower() for word in written]
    if len(words) > 8 or not all(map(_WORD.fullmatch, words)) or any(map(_changes, words)):
        return None
    for index, word in enumerate(words[:4]):
        rest = words[index + 1 :]
        if rest and rest[0].strip(",") not in _TAIL:
            continue
        joined = written[index]
        unit = read_unit(joined) if len(joined) > 1 else None
        if unit is None and index and words[index - 1] in ("square", "cubic", "sq", "cu"):
            unit = read_unit(" ".join(written[index - 1 : index + 1]))
        if unit is None:
            unit_text = " ".join(written[: index + 1])
            unit = read_unit(unit_text)
        if unit is not None:
            if rest and rest[0] in ("per", "a", "an", "each", "every"):
                whole = read_unit(" ".join(written[: index + 3]))
                return Tail(unit=whole, noun=whole is None)
            return Tail(unit=unit)
        if _is_noun(word, written[index]):
            return Tail(noun=True)
    return None


def _changes(word: str) -> bool:
    parts = re.split(r"[-'’]", word.strip(","))
    if any(part in CHANGES_THE_VALUE for part in parts):
        return True
    return word.endswith(("fold", "n't", "n’t", "ous", "wards", "ths")) and word.strip(",") not in _LIKE_FRACTIONS


def _is_noun(word: str, written: str) -> bool:
    word = word.strip(",")
    if word in _NOUNS:
        return True
    if _FOREIGN_CHANGES.match(word):
        return word in _LOOK_ALIKE
    if word.isascii():
        german = written[:1].isupper() and word.endswith("en") and len(word) > 4
        return (len(word) > 3 and _PLURAL.fullmatch(word) is not None) or german
    if _CYRILLIC.fullmatch(word):
        return True
    latin = all(character.isascii() or "\u00c0" <= character <= "\u017f" for character in word)
    return latin and len(word) > 2 and (word.endswith(("s", "x")) or written[:1].isupper())


_LIKE_FRACTIONS = frozenset(
    ["months", "paths", "baths", "moths", "lengths", "widths", "depths", "booths", "births", "myths", "youths"]
)
_LOOK_ALIKE = frozenset(["mills", "millers", "quarters", "cards", "carriages", "carrots", "cents", "cubes", "cubs"])


@functools.lru_cache(maxsize=4096)
def harmless_before(text: str) -> bool:
    """Whether what stands before a number leaves it alone: nothing, "exactly", "a total of", a currency."""
    text = text.strip(" :,$€£¥₹\\")
    return not text or _BEFORE.fullmatch(text) is not None
