"""Units, currencies and multipliers that stand beside a number, in the languages that tables are written in.

A unit is (dimension, scale, shift): the value in the dimension's own measure is scale × number + shift. A word may be a
unit of several dimensions (`m`: metres, minutes, millions); what else stands in the column decides (see recognise).
"""

from __future__ import annotations

Unit = tuple[str, float, float]

MULTIPLIER = "multiplier"

_TABLE: dict[str, list[tuple[float, str]]] = {
    MULTIPLIER: [
        (1e2, "hundred hundert"),
        (1e3, "k thousand thousands tsd tausend t mil mila mille milliers tys тыс 千 천 th"),
        (1e4, "万 萬 만"),
        (1e5, "lakh lac lakhs lacs"),
        (1e6, "M m mn mm mi mio mill million millions millionen millones milhão milhões milioni miljoen mln млн 百万"),
        (1e7, "crore crores cr"),
        (1e8, "亿 億 억"),
        (1e9, "B b G bi bn bil bio billion billions mrd milliarde milliarden milliard milliards miliardi mld млрд"),
        (1e12, "T trn tn trillion trillions bill billionen"),
    ],
    "length": [
        (1e-9, "nm"),
        (1e-6, "μm um"),
        (1e-3, "mm мм"),
        (1e-2, "cm см"),
        (0.1, "dm"),
        (1.0, "m meter metre meters metres metri metros mètres"),
        (1e3, "km kilometer kilometre kilometers kilometres км"),
        (0.0254, 'in inch inches " zoll'),
        (0.3048, "ft feet foot ' fuss"),
        (0.9144, "yd yard yards"),
        (1609.344, "mi mile miles meilen"),
        (1852.0, "nmi sm"),
    ],
    "mass": [
        (1e-12, "ng"),
        (1e-9, "μg ug mcg мкг"),
        (1e-6, "mg мг"),
        (1e-3, "g gr gram grams gramm г гр"),
        (1.0, "kg kilo kilos kgs кг"),
        (1e3, "t ton tonne tonnes tonnen"),
        (0.028349523125, "oz ounce ounces"),
        (0.45359237, "lb lbs pound pounds"),
        (6.35029318, "st stone"),
    ],
    "volume": [
        (1e-6, "μl ul"),
        (1e-3, "ml мл cc cm³ cm3"),
        (1e-2, "cl"),
        (1e-1, "dl"),
        (1.0, "l л liter litre liters litres litri litros"),
        (1e2, "hl"),
        (1e3, "m³ m3 cbm"),
        (3.785411784, "gal gallon gallons"),
        (0.473176473, "pt pint pints"),
        (0.946352946, "qt quart quarts"),
        (0.0295735295625, "floz fl oz"),
    ],
    "time": [
        (1e-3 / 60, "ms msec"),
        (1 / 60, "s sec secs second seconds sek sekunde sekunden segundos secondi secondes сек saniye sn 秒 초"),
        (1.0, "m min mins minute minutes minuten minuto minutos minuti мин dakika dk 分 分钟 分鐘 분"),
        (60.0, "h hr hrs hour hours std stunde stunden heure heures hora horas ora ore uur timer ч час godz saat 小时 小時 時間 시간"),
        (1440.0, "d day days tag tage tagen jour jours dia dias día días giorno giorni dag dagen dni дн день дня дней gün 天 日 일"),
        (10080.0, "w wk wks week weeks woche wochen semaine semaines semana semanas settimana settimane weken нед tydzień tygodnie tygodni hafta 周 週間 주"),
        (43829.1, "mo mos mth mths month months monat monate monaten mois mes meses mese mesi maanden мес miesiąc miesiące miesięcy 个月 個月 ヶ月 か月 개월"),
        (525949.2, "y yr yrs year years jahr jahre jahren an ans año años ano anos anno anni jaar lat rok lata год года лет yıl 年 岁 歳 년"),
    ],
    "data": [
        (1.0, "b byte bytes octet octets байт"),
        (2.0**10, "kb kib ko кб"),
        (2.0**20, "mb mib mo мб"),
        (2.0**30, "gb gib go гб"),
        (2.0**40, "tb tib to тб"),
    ],
    "power": [(1e-3, "w watt watts"), (1.0, "kw"), (1e3, "mw"), (1e6, "gw"), (0.73549875, "ps cv pk"), (0.745699872, "hp bhp")],
    "energy": [(1e-3, "wh"), (1.0, "kwh"), (1e3, "mwh"), (1e6, "gwh"), (1 / 3600, "kj"), (1 / 3.6, "mj"), (1.163e-3, "kcal")],
    "speed": [(1.0, "km/h kmh kph kmph"), (1.609344, "mph mi/h"), (3.6, "m/s"), (1.852, "kn kt knots")],
    "pressure": [(1.0, "hpa mbar"), (10.0, "kpa"), (1e3, "bar"), (1e-2, "pa"), (68.9475729, "psi"), (1.333223684, "mmhg")],
    "area": [
        (1e-4, "cm² cm2 sqcm"),
        (1.0, "m² m2 qm sqm sq.m"),
        (1e4, "ha hectare hectares hektar"),
        (1e6, "km² km2 qkm sqkm"),
        (0.09290304, "sqft sq.ft ft² ft2"),
        (4046.8564224, "ac acre acres"),
        (2589988.110336, "sqmi mi²"),
    ],
    "share": [(1.0, "% percent pct prozent"), (0.1, "‰")],
    "concentration": [
        (1e-7, "pg/ml"),
        (1e-6, "ng/dl"),
        (1e-4, "μg/l ug/l ng/ml"),
        (1e-3, "μg/dl ug/dl mcg/dl"),
        (0.1, "mg/l μg/ml ug/ml mcg/ml"),
        (1.0, "mg/dl"),
        (100.0, "g/l mg/ml"),
        (1e3, "g/dl"),
    ],
    "molarity": [(1e-9, "pmol/l"), (1e-6, "nmol/l"), (1e-3, "μmol/l umol/l"), (1.0, "mmol/l"), (1e3, "mol/l")],
    "frequency": [(1e-3, "hz"), (1.0, "khz"), (1e3, "mhz"), (1e6, "ghz")],
    "voltage": [(1e-6, "µV μV uV"), (1e-3, "mV"), (1.0, "V volt volts"), (1e3, "kV"), (1e6, "MV")],
    "current": [(1e-6, "µA μA uA"), (1e-3, "mA"), (1.0, "A amp amps ampere"), (1e3, "kA")],
    "capacity": [(1e-12, "pF"), (1e-9, "nF"), (1e-6, "µF μF uF"), (1e-3, "mF")],
    "resistance": [(1.0, "Ω \u2126 ohm ohms"), (1e3, "kΩ k\u2126 kohm"), (1e6, "MΩ M\u2126")],
    "transfer": [(1e-3, "bps bit/s"), (1.0, "kbps kbit/s"), (1e3, "mbps mbit/s"), (1e6, "gbps gbit/s")],
    "cents": [(0.01, "¢ ct cent cents p")],
}  # fmt: skip

_SHIFTED: list[tuple[str, float, float, str]] = [
    ("temperature", 1.0, 0.0, "°c ℃ degc"),
    ("temperature", 5 / 9, -160 / 9, "°f ℉ degf"),
    ("temperature", 1.0, -273.15, "°k"),
]

CURRENCY = frozenset(
    [
        *"$ € £ ¥ ₹ ₽ ₩ ₺ ₫ ₴ ₦ ₱ ₪ ฿ ¤ ₡ ₲ ৳ ₨ ₮ ₸ ₵ ₼ ₾ 元 円 원".split(),
        *"us$ r$ c$ a$ nz$ hk$ nt$ mx$ s$ s/ rp rm rs kr zł fr sfr kč lei лв руб р din tl".split(),
        *"usd eur gbp jpy inr chf cad aud cny rmb rub brl sek nok dkk pln czk huf try zar mxn nzd sgd hkd krw".split(),
        *"ron bgn uah ils thb idr myr php vnd aed sar egp ngn kes ars clp cop pen".split(),
        *"euro euros dollar dollars rupees yen yuan franken francs franc rubel kronor kroner".split(),
    ]
)
# what a price says where nothing is to be paid
FREE = frozenset(
    "free|gratis|kostenlos|kostenfrei|umsonst|gratuit|gratuite|gratuito|gratuita|no charge|free of charge|nothing|zdarma|"
    "bezpłatne|darmo|бесплатно|無料|免费|免費|무료|ücretsiz|ingyenes|maksuton".split("|")
)


def key(word: str) -> str:
    """The form under which a unit is looked up: without blanks doubled, full stop and case."""
    return " ".join(word.split()).rstrip(".").casefold()


def _units() -> dict[str, list[Unit]]:
    table: dict[str, list[Unit]] = {}
    rows = [(dimension, scale, 0.0, words) for dimension, units in _TABLE.items() for scale, words in units]
    for dimension, scale, shift, words in [*rows, *_SHIFTED]:
        for word in words.split():
            table.setdefault(word, []).append((dimension, scale, shift))
    return table


_UNITS = _units()
# case tells these apart: M is a million, m a metre, a minute or a million
_CASED = {word for word in _UNITS if word != word.casefold()}


def readings(word: str) -> list[Unit]:
    """What `word` may be a unit of; [] where it is none that is known."""
    word = " ".join(word.split()).rstrip(".")
    if word in _CASED:
        return _UNITS[word]
    folded = word.casefold()
    compact = folded.replace(" ", "")
    return _UNITS.get(folded) or _UNITS.get(compact) or _UNITS.get(folded.removesuffix("s")) or []


def is_currency(word: str) -> bool:
    return key(word) in CURRENCY


def split_currency(word: str) -> list[str]:
    """`Mio. €`, `k€`, `M$` and `EUR Mio` in their parts; a word that has none in one."""
    words = word.split()
    if len(words) == 1:
        for at in range(1, len(word)):
            left, right = word[:at], word[at:]
            if is_currency(right) and _is_sign(right) and _multiplies(left):
                return [left, right]
            if is_currency(left) and _is_sign(left) and _multiplies(right):
                return [left, right]
    if len(words) == 2 and is_multiplier(words[0]) and words[1].isalpha() and not readings(words[1]):
        return words  # 1.2k reviews
    known = [is_currency(w) or _multiplies(w) for w in words]
    return words if len(words) > 1 and all(known) else [word]


def is_multiplier(word: str) -> bool:
    """Whether a word says thousands or millions and nothing else, as m does not."""
    found = {dimension for dimension, _, _ in readings(word)}
    return found == {MULTIPLIER}


def _is_sign(word: str) -> bool:
    """€ and 円, which stand glued to other words; not kr."""
    return not (word.isascii() and word.isalnum())


def _multiplies(word: str) -> bool:
    return any(dimension == MULTIPLIER for dimension, _, _ in readings(word))
