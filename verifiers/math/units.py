# ruff: noqa: RUF001
"""Units of measure: what a unit measures and how large it is, so that 5 cm is not 5 m and 100 cm is 1 m.

A unit is a product of base units to whole powers and an exact scale. Currencies, the halves of the day, degrees Celsius
and Fahrenheit are bases of their own: nothing converts into them. So are the month (a year has twelve) and the ton.
Symbols keep their case (mW is no MW); names may be written in any case, in the singular or the plural.
"""

from __future__ import annotations

import functools
import re
from fractions import Fraction
from typing import NamedTuple

MAX_CHARS = 60


class Unit(NamedTuple):
    """`powers` are base units with their exponents, in the order of their names."""

    powers: tuple[tuple[str, int], ...]
    scale: Fraction


_BASES = (
    "m kg s A K mol bit deg rad month ton celsius fahrenheit am pm usd eur gbp jpy cny inr rub krw mxn brl chf "
    "pln czk sek lira idr vnd uah ils"
)

_DERIVED = """
    g=1/1000 kg; t=1000 kg; min=60 s; h=3600 s; day=86400 s; week=604800 s; fortnight=1209600 s
    year=12 month; decade=120 month; century=1200 month; millennium=12000 month
    L=1/1000 m^3; N=1 kg m s^-2; J=1 kg m^2 s^-2; W=1 kg m^2 s^-3; Pa=1 kg m^-1 s^-2; V=1 kg m^2 s^-3 A^-1
    ohm=1 kg m^2 s^-3 A^-2; Hz=1 s^-1; C=1 A s; F=1 kg^-1 m^-2 s^4 A^2; T=1 kg s^-2 A^-1; Wh=3600 kg m^2 s^-2
    in=254/10000 m; ft=3048/10000 m; yd=9144/10000 m; mi=1609344/1000 m; nmi=1852 m; furlong=201168/1000 m
    lb=45359237/100000000 kg; oz=45359237/1600000000 kg; stone=635029318/100000000 kg; angstrom=1/10000000000 m
    gal=3785411784/1000000000000 m^3; qt=946352946/1000000000000 m^3; pt=473176473/1000000000000 m^3
    cup=2365882365/10000000000000 m^3; floz=295735295625/10000000000000000 m^3; acre=40468564224/10000000 m^2
    tbsp=1478676478125/100000000000000000 m^3; tsp=492892159375/100000000000000000 m^3; ha=10000 m^2; are=100 m^2
    mph=44704/100000 m s^-1; kph=5/18 m s^-1; knot=1852/3600 m s^-1; cal=4184/1000 kg m^2 s^-2
    bar=100000 kg m^-1 s^-2
    atm=101325 kg m^-1 s^-2; B=8 bit; cent=1/100 usd; dime=1/10 usd; penny=1/100 gbp; arcmin=1/60 deg
"""

_SYMBOLS = """
    m=m; kg=kg; g=g; gm=g; gms=g; s=s; sec=s; secs=s; A=A; K=K; mol=mol; min=min; mins=min; h=h; hr=h; hrs=h
    d=day; L=L; l=L; N=N; J=J; W=W; Pa=Pa; V=V; ohm=ohm; Hz=Hz; C=C; F=F; T=T; Wh=Wh; in=in; ft=ft; yd=yd; mi=mi
    lb=lb; lbs=lb; oz=oz; gal=gal; qt=qt; pt=pt; tbsp=tbsp; tsp=tsp; ha=ha; mph=mph; kph=kph; kmh=kph; kmph=kph
    cal=cal; bar=bar; atm=atm; B=B; bit=bit; deg=deg; rad=rad; am=am; pm=pm; AM=am; PM=pm; USD=usd; EUR=eur
    GBP=gbp; JPY=jpy; CNY=cny; RMB=cny; INR=inr; RUB=rub; KRW=krw; CHF=chf; MXN=mxn; BRL=brl; wk=week; wks=week
    yr=year; yrs=year; cc=cc; fl oz=floz
"""

_NAMES = """
    meter metre metro mètre metri meters: m; gram gramm gramme gramo grammo: g; tonne: t; ton: ton; mole: mol
    second secondo seconde segundo sekunde sekunden: s; minute minuto minuten minuti: min
    hour hora heure stunde stunden ora ore: h; day día dia jour tag tage tagen giorno giorni: day
    week semana semaine woche wochen settimana settimane: week; fortnight: fortnight
    month mes meses mois monat monate monaten mese mesi: month
    year año ano an année jahr jahre jahren anno anni: year; decade: decade; century centuries: century
    millennium millennia: millennium; liter litre litro litri: L; newton: N; joule: J; watt: W; pascal: Pa
    volt: V; ohm: ohm; hertz: Hz; coulomb: C; farad: F; tesla: T; ampere amp: A; kelvin: K; inch inches: in
    foot feet: ft; yard: yd; mile: mi; furlong: furlong; pound: lb; ounce: oz; stone: stone; gallon: gal
    quart: qt; pint: pt; cup: cup; tablespoon: tbsp; teaspoon: tsp; acre: acre; hectare: ha; knot: knot
    calorie: cal; byte: B; bit: bit; degree grad grado degré: deg; radian: rad; celsius centigrade: celsius
    fahrenheit: fahrenheit; dollar dólar dólares buck: usd; cent: cent; dime: dime; euro: eur
    penny pennies pence: penny; yen: jpy; yuan: cny; rupee: inr; ruble rouble rubel: rub; won: krw; peso: mxn
    real reais: brl; franc: chf; kilo: kg; angstrom: angstrom; 元 人民币: cny; 円: jpy; 원: krw; 美元: usd
    欧元: eur; 日元: jpy; 卢布: rub; 米 미터: m; 厘米 公分: cm; 毫米: mm; 千米 公里: km; 克: g; 千克 公斤: kg
    吨: t; 升: L; 毫升: mL; 秒 초: s; 分钟 分鐘: min; 小时 小時 時間 시간: h; 天 일: day; 周 星期: week
    年 岁 歳 歲 년 살: year; 度: deg; 平方米: m^2; 平方厘米: cm^2; 立方米: m^3; 立方厘米: cm^3; 月 个月: month
    метр метра метров м: m; километр километра километров км: km; сантиметр сантиметра сантиметров см: cm
    грамм грамма граммов г: g; килограмм килограмма килограммов кг: kg; литр литра литров л: L
    секунда секунды секунд с: s; минута минуты минут мин: min; час часа часов ч: h; день дня дней: day
    неделя недели недель: week; месяц месяца месяцев: month; год года лет: year; рубль рубля рублей руб: rub
    доллар доллара долларов: usd; градус градуса градусов: deg
    
    kilómetro kilomètre chilometro chilometri quilômetro quilómetro kilometrów kilometrů kilometriä: km
    centímetro centimètre centimetro centimetri zentimeter centymetrów centimetrů senttimetriä santimetre: cm
    milímetro millimètre millimetro millimetri milimetrów milimetrů milimetre: mm; metrów metry metrů metriä mét: m
    quadratmeter metrekare kvadratmeter neliömetriä: m^2; quadratzentimeter santimetrekare kvadratcentimeter: cm^2
    kubikmeter metreküp: m^3; kubikzentimeter: cm^3
    sekundy sekund sekunder sekuntia seconden saniye detik secondi giây: s
    minutes minut minuty minuter minuuttia dakika menit phút: min
    godzin godziny hodin hodiny timmar tuntia giờ uur: h; dni dní dagen dagar päivää ngày: day
    tygodni tygodnie týdnů weken veckor viikkoa hafta minggu tuần: week
    miesięcy miesiące měsíců maanden månader kuukautta bulan tháng: month; jaar vuotta yıl tahun år: year
    gramów gramů grammi grammaa gramas grama: g
    kilogramów kilogramů chilogrammi kilogramm kilogrammo kilogrammaa kiloa: kg; litrów litrů litraa lít: L
    złotych złote złoty zł: pln; korun koruny kč: czk; kronor: sek; lira: lira; euroa ευρώ: eur
    grad graden grader stopni stupňů gradi derece derajat độ: deg; rupiah: idr; đồng: vnd; гривень гривні грн: uah
    метрів: m; кілометрів: km; сантиметрів: cm; грамів: g; кілограмів: kg; літрів: L; годин години: h
    хвилин хвилини: min; днів дні: day; років роки: year; тижнів: week; місяців: month; секунд секунди: s
    євро евро: eur; μέτρα: m; χιλιόμετρα: km; εκατοστά: cm; γραμμάρια: g; κιλά: kg; λίτρα: L; ώρες: h
    δευτερόλεπτα: s; ημέρες μέρες: day; εβδομάδες: week; μήνες: month; χρόνια έτη: year; μοίρες: deg; מטר מטרים: m
    קילומטר קילומטרים: km; שעות: h; דקות: min; שניות: s; ימים: day; שבועות: week; חודשים: month; שנים שנה: year
    ליטר: L; שקלים שקל: ils; מעלות: deg; متر أمتار: m; كيلومتر: km; سم: cm; ساعة ساعات: h; دقيقة دقائق: min
    ثانية: s; يوم أيام: day; أسبوع أسابيع: week; شهر أشهر: month; سنة سنوات عام: year; لتر: L; دولار: usd
    درجة درجات: deg; メートル: m; キロメートル: km; センチメートル センチ: cm; ミリメートル: mm; キロ キログラム: kg
    グラム: g; リットル: L; 平方メートル: m^2; か月 ヶ月: month; 週間: week; 日間 日: day; ドル: usd; ユーロ: eur
    킬로미터: km; 센티미터: cm; 밀리미터: mm; 그램: g; 킬로그램: kg; 리터: L; 개월: month; 주일: week; 달러: usd
    유로: eur; 도: deg
"""

_PREFIXES = {
    "n": ("nano", Fraction(1, 10**9)), "u": ("micro", Fraction(1, 10**6)), "m": ("milli", Fraction(1, 1000)),
    "c": ("centi", Fraction(1, 100)), "d": ("deci", Fraction(1, 10)), "k": ("kilo", Fraction(1000)),
    "M": ("mega", Fraction(10**6)), "G": ("giga", Fraction(10**9)), "p": ("pico", Fraction(1, 10**12)),
    "T": ("tera", Fraction(10**12)),
}  # fmt: skip
_PREFIXED = ("m", "g", "s", "L", "N", "J", "W", "Pa", "V", "A", "ohm", "Hz", "F", "Wh", "cal", "B", "bit", "mol", "bar")
DEGREE, RADIAN = (Unit(((base, 1),), Fraction(1)) for base in ("deg", "rad"))


def _combined(parts: list[tuple[Unit, int]]) -> Unit:
    powers: dict[str, int] = {}
    scale = Fraction(1)
    for unit, exponent in parts:
        for base, power in unit.powers:
            powers[base] = powers.get(base, 0) + power * exponent
        scale *= unit.scale**exponent
    return Unit(tuple(sorted((base, power) for base, power in powers.items() if power)), scale)


def _tables() -> tuple[dict[str, Unit], dict[str, Unit]]:
    """Units by symbol (the case counts) and by name (in lower case)."""
    units = {base: Unit(((base, 1),), Fraction(1)) for base in _BASES.split()}
    for line in re.split(r"[;\n]", _DERIVED):
        if "=" in line:
            key, value = line.strip().split("=")
            scale, *bases = value.split()
            powers = tuple((base.partition("^")[0], int(base.partition("^")[2] or 1)) for base in bases)
            units[key] = Unit(tuple(sorted(powers)), Fraction(scale))
            if any(base not in units for base, _ in powers):
                raise KeyError(line)
    units["year"], units["cc"] = Unit((("month", 1),), Fraction(12)), Unit((("m", 3),), Fraction(1, 10**6))
    symbols: dict[str, Unit] = {}
    for entry in re.split(r"[;\n]", _SYMBOLS):
        if "=" in entry:
            symbol, key = entry.strip().split("=")
            symbols[symbol] = units[key]
    names: dict[str, Unit] = {}
    prefixed: dict[str, str] = {}
    for entry in re.split(r"[;\n]", _NAMES):
        if ":" in entry:
            spellings, key = entry.split(":")
            key = key.strip()
            for name in spellings.split():
                prefixed[name] = key
    for letter, (prefix, factor) in _PREFIXES.items():
        for key in _PREFIXED:
            unit = Unit(units[key].powers, units[key].scale * factor)
            if letter not in "cd" or key in "mgL":
                symbols.setdefault(letter + key, unit)
        for name, key in prefixed.items():
            if key in _PREFIXED and len(name) > 3 and name.isascii():
                unit = Unit(units[key].powers, units[key].scale * factor)
                names[prefix + name] = names[prefix + name + "s"] = unit
    symbols["KB"], symbols["ml"], symbols["kwh"] = symbols["kB"], symbols["mL"], symbols["kWh"]
    for name, key in prefixed.items():
        base, _, exponent = key.partition("^")
        unit = _combined([(units.get(base) or symbols[base], int(exponent or 1))])
        name = name.replace("\N{GREEK SMALL LETTER MU}", "u")  # as in the text that is read
        for spelling in {name, name + "s"}:
            names.setdefault(spelling, unit)
    return symbols, names


_SYMBOL, _NAME = _tables()
_TOKEN = re.compile(
    r"\s*(?:(\^)\s*\{?\s*(-?\d)\s*\}?|(/|\bper\b|\ban?\b)|([*·.]|\\cdot)|([^\W\d_]+))",
)
_PLAIN = {
    "²": "^2", "³": "^3", "fl oz": "floz", "fluid ounce": "floz", "\N{GREEK CAPITAL LETTER OMEGA}": "ohm",
    "\N{OHM SIGN}": "ohm", "\N{MICRO SIGN}": "u", "\N{GREEK SMALL LETTER MU}": "u",
}  # fmt: skip
_DEGREES = re.compile(r"(?:°|\bdeg(?:ree)?s?\b)\s*(celsius|centigrade|fahrenheit|C\b|F\b)", re.IGNORECASE)
_POINTS = re.compile(r"\b([ap])\s*\.\s*m\b\.?", re.IGNORECASE)
_TO_THE = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_RAISED = {"squared": 2, "cubed": 3}


@functools.lru_cache(maxsize=4096)
def read_unit(text: str) -> Unit | None:
    r"""The unit that a text names, or None; nothing else may stand in it.

    >>> read_unit("m/s^2") == read_unit("meters per second squared"), read_unit("km") == read_unit("KM")
    (True, False)
    """
    if not 0 < len(text) <= MAX_CHARS:
        return None
    text = _POINTS.sub(lambda match: match[1].lower() + "m", text).strip().rstrip(".").strip()
    for written, plain in _PLAIN.items():
        text = text.replace(written, plain)
    text = _DEGREES.sub(lambda match: " celsius" if match[1][0] in "Cc" else " fahrenheit", text).replace("°", "")
    parts: list[tuple[Unit, int]] = []
    position, sign, raised = 0, 1, 1
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return None
        position = match.end()
        caret, exponent, over, times, word = match.groups()
        if caret or (word and word.lower() in _RAISED):
            if not parts:
                return None
            parts[-1] = (parts[-1][0], parts[-1][1] * (int(exponent) if caret else _RAISED[word.lower()]))
        elif over:
            if not parts:
                return None
            sign = -1
        elif times:
            if not parts:
                return None
        elif word and word.lower() in _TO_THE:
            raised = _TO_THE[word.lower()]
        elif word:
            unit = _SYMBOL.get(word) or _word(word)
            if unit is None:
                return None
            parts.append((unit, sign * raised))
            raised = 1
    if not parts or raised != 1 or text.endswith(("/", "*", "·", " per", "^")):
        return None
    return _combined(parts)


def _word(word: str) -> Unit | None:
    lower = word.lower()
    if lower == "floz":
        return Unit((("m", 3),), Fraction(295735295625, 10**16))
    if len(word) < 3 and word.isascii():
        return _SYMBOL.get(lower) if lower in ("cm", "km", "kg", "ml", "ft", "lb", "oz", "hr", "am", "pm") else None
    return _NAME.get(lower) or (_SYMBOL.get(lower) if len(word) > 2 else None)


_SIGNS = {"$": "usd", "€": "eur", "£": "gbp", "¥": "jpy", "₹": "inr", "₽": "rub", "₩": "krw", "¢": "cent", "￥": "jpy"}
_MONEY = re.compile(r"(?:\\\$|(?<![\\$])\$(?=\s*-?[\d.])|[€£¥₹₽₩￥])|(?<=\d)\s*([€£¥₹₽₩¢])")
CURRENCY_SIGNS = frozenset(_SIGNS)


@functools.lru_cache(maxsize=4096)
def read_currency(text: str) -> Unit | None:
    """The currency that a sign beside a number names; a dollar sign that opens a formula is none."""
    if len(text) > 200 or not (CURRENCY_SIGNS & set(text)):
        return None
    plain = text.strip()
    if plain.count("$") - plain.count("\\$") in (2, 4):  # formulas
        plain = re.sub(r"(?<!\\)\$", " ", plain)
    match = _MONEY.search(plain)
    if match is None:
        return None
    sign = match[0].strip().replace("\\", "")
    if sign == "¥":
        return None  # yen or yuan
    return _combined([(_NAME["cent"] if sign == "¢" else Unit(((_SIGNS[sign], 1),), Fraction(1)), 1)])
