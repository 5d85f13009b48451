"""Words beside the numbers of a calculation: units and their scales, and words that make a number another one."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from reasonrl.verifiers.logic.prose import words

SCALES: Mapping[str, tuple[str, Fraction]] = {
    word: (kind, Fraction(scale))
    for kind, scale, names in (
        ("time", 1, "second seconds sec secs"), ("time", 60, "minute minutes min mins"),
        ("time", 3600, "hour hours hr hrs"), ("time", 86400, "day days"), ("time", 604800, "week weeks"),
        ("year", 1, "month months"), ("year", 12, "year years"), ("year", 120, "decade decades"),
        ("inch", 1, "inch inches"), ("inch", 12, "foot feet ft"), ("inch", 36, "yard yards"),
        ("inch", 63360, "mile miles"), ("metre", 1, "mm millimeter millimeters"), 
        ("metre", 10, "cm centimeter centimeters"),
        ("metre", 1000, "meter meters metre metres"), ("metre", 1000000, "km kilometer kilometers"),
        ("cent", 1, "cent cents penny pennies"), ("cent", 5, "nickel nickels"), ("cent", 10, "dime dimes"),
        ("cent", 25, "quarter quarters"), ("cent", 100, "dollar dollars usd $"),
        ("ounce", 1, "ounce ounces oz"), ("ounce", 16, "pound pounds lb lbs"), ("ounce", 32000, "ton tons"),
        ("gram", 1, "gram grams"), ("gram", 1000, "kg kilogram kilograms"), 
        ("gram", Fraction(1, 1000), "mg milligrams"),
        ("cup", 1, "cup cups"), ("cup", 2, "pint pints"), ("cup", 4, "quart quarts"), ("cup", 16, "gallon gallons"),
        ("litre", 1, "ml milliliter milliliters"), ("litre", 1000, "liter liters litre litres"),
    )
    for word in names.split()
}  # fmt: skip
SHORT = words("""g kg mg cm mm km m ft in lb lbs oz mph ml hrs hr h min mins sec s l L""")
"""What may stand right behind a number, without a blank, and is no variable."""
COUNTS = words(
    """one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty dozen dozens hundred
    hundreds thousand thousands million millions billion trillion half halves third thirds fourth fourths quarter
    fifth fifths sixth seventh eighth ninth tenth tenths twice double triple thrice times squared cubed percent
    percentage"""
)
CHANGES_BEHIND = (COUNTS - {"quarter"}) | words(
    """of than mod modulo remainder rem pm am o'clock choose to by plus minus factorial or until through
    approximately about degrees"""
)
BEFORE_NUMBERS = words("""of to by until through""")
"""Behind a number these words make another one of it."""
CHANGES_BEFORE = COUNTS | words(
    """than by times plus minus mod modulo square cube root sin cos tan sec csc cot log ln lcm gcd gcf hcf max min sum
    product difference average mean median base step day week month year days weeks months years row page line
    case part problem example equation question number round chapter level grade class from not no sqrt floor ceil
    per to over negative reciprocal ratio type group item box room shelf"""
)
"""Before a number these words make another one of it, or name something by it."""
FACTORS = words("""half third quarter fourth fifth twice double triple thrice percent dozen times""")
OF_WHAT = words(
    """remainder total sum cost amount distance price length area perimeter weight profit volume revenue
    combination addition out"""
)
VERBS = words("""is are was were get gets has have had equals be being becomes to find calculate compute""")
