"""Every face this project draws says what its metadata says, and the verifier sees that it does.

Random licences of all types: rare characters, names over several lines, minority names, English, text that goes on
on further pages. And any other value in the metadata under the same face is noticed.
"""

import random
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

import pytest

from formats.fonts import FontsNotFoundError, Typeface, installed_fonts
from formats.gb11714 import check_character as organisation_check
from formats.gb32100 import CreditCode
from formats.gb32100 import check_character as credit_check
from formats.gbt33190.document import OfdDocument
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import write_package
from formats.gbt36903 import Metadata, default_schema, format_date
from formats.gbt36904 import LicenceId
from formats.page_text import FaceText, read_face
from licence_service import LicenceType, RefusedError, built_in_types
from licence_service.licence_types import FaceField, FieldKind
from licence_service.painting import FacePainter
from verifier.codes import Code
from verifier.face_fields import face_kind, read_face_kinds
from verifier.licence_face import judge_face

TYPES = sorted(built_in_types())
ISSUER = "11990100MB9T00011N"
COMMON = "东岚市星禾数据科技有限公司示例望湖区澄园路号幢单元室中心小学医院林知远苏晚晴贸易服务管理经营销售研发"
RARE = "龘靐齉爩䶮㛃㙍䴙䴘𬭚𬬻𫟹𫓧𬍛𠅤堃喆犇骉羴淼鑫垚"
NAMES = (
    "阿依古丽·买买提", "迪丽热巴·阿卜杜热合曼·吾斯曼江", "John Smith", "MÜLLER Anna-Marie", "李𬭚", "王䶮", "欧阳娜娜",
    "次仁旺姆", "O'Brien, Seán", "司马相如（曾用名：长卿）", "〇一", "Хабиба", "ＡＢＣ株式会社", "张三、李四合伙企业（有限合伙）",
    "“双引号”与《书名》公司", "A.B.C. International Trading (Shanghai) Co., Ltd.",
)  # fmt: skip


@cache
def painter() -> FacePainter:
    try:
        installed_fonts().chain(Typeface.SERIF)
    except FontsNotFoundError as exc:
        pytest.skip(f"no fonts: {exc}")
    return FacePainter(installed_fonts())


def text(random_: random.Random, longest: int) -> str:
    """Text of a field: names of all kinds, addresses, lists with stops."""
    kind = random_.randrange(6)
    if kind == 0:
        made = random_.choice(NAMES)
    elif kind == 1:
        made = "".join(random_.choices(RARE, k=random_.randint(2, 6)))
    elif kind == 2:
        made = f"{''.join(random_.choices(COMMON, k=random_.randint(2, 20)))} {random_.randint(1, 999)} 号"
    elif kind == 3:
        clauses = [
            "".join(random_.choices(COMMON, k=random_.randint(2, 12))) for _ in range(random_.randint(2, 60))
        ]
        made = "；".join(clauses) + "。（依法须经批准的项目，经相关部门批准后方可开展经营活动）"
    else:
        made = "".join(random_.choices(COMMON, k=random_.randint(2, 30)))
    return made[:longest].strip() or "无"


def day(random_: random.Random) -> str:
    return format_date(date(1990, 1, 1) + timedelta(days=random_.randrange(20_000)))


def value(random_: random.Random, field: FaceField, share: int) -> str:
    if field.kind is FieldKind.CHOICE:
        return random_.choice(field.choices)
    if field.kind is FieldKind.DATE:
        return day(random_)
    if field.kind is FieldKind.MINUTE:
        return f"{day(random_)}{random_.randrange(24):02d}{random_.randrange(60):02d}"
    if field.kind is FieldKind.PATTERN:
        return {
            "KZ_CSTZ": f"{random_.randint(900, 5000)} 克", "KZ_CSSC": f"{random_.randint(30, 60)}.5厘米",
            "KZ_BDCDYH": "990101 001001 GB00001 F00010001", "KZ_YZH": f"{random_.randrange(10**10):011d}",
        }.get(field.name, str(random_.randint(18, 60)))  # fmt: skip
    return text(random_, max(1, field.longest // share))


def credit_code(random_: random.Random) -> str:
    body = f"MA{random_.randrange(10**6):06d}"
    start = f"91990101{body}{organisation_check(body)}"
    return start + credit_check(start)


def number(random_: random.Random, licence_type: LicenceType, code: str) -> str:
    if licence_type.key == "real-estate-title":
        return f"示（2026）东岚市不动产权第{random_.randrange(10**7):07d}号"
    if licence_type.key == "birth-certificate":
        return f"X{random_.randrange(10**9):09d}"
    return code if licence_type.key == "business-licence" else f"JY1990100{random_.randrange(10**7):07d}"


def made(licence_type: LicenceType, seed: int, share: int) -> Metadata:
    """Random metadata of a type, as issuing would make it; texts have up to one ``share`` of what is allowed."""
    random_ = random.Random(f"{licence_type.key} {seed} {share}")
    count = random_.randint(1, min(4, licence_type.most_holders))
    code_type = licence_type.holder_code_types[0]
    code = credit_code(random_) if code_type == "001" else f"X{random_.randrange(10**9):09d}"
    values: dict[str, str | list[str]] = {
        "ZZMC": licence_type.name, "ZZLXDM": str(licence_type.type_code), "ZZBFJG": "东岚市" + random_.choice(("市场监督管理局", "自然资源和规划局", "第一人民医院")),
        "ZZBFJGDM": ISSUER, "ZZBFRQ": day(random_), "ZZBH": number(random_, licence_type, code),
        "ZZBS": str(LicenceId.build(licence_type.type_code, CreditCode.parse(ISSUER), f"X{seed:07d}")),
        "CZZT": [text(random_, 60 // share).replace("^", "") for _ in range(count)], "CZZTDM": [code] * count,
        "CZZTDMLXDM": [code_type] * count, "CZZTDMLX": ["代码"] * count,
        "ZZYXQJZRQ": random_.choice(("长期", day(random_))),
    }  # fmt: skip
    for field in licence_type.fields.values():
        if field.required or random_.random() < 0.7:
            values[field.name] = value(random_, field, share)
    return Metadata.build(values, schema=default_schema())


def read(licence_type: LicenceType, metadata: Metadata) -> FaceText:
    painted = painter().paint(licence_type, metadata, document_id="0" * 32)
    package = OfdPackage.open(write_package(painted.entries))
    return read_face(OfdDocument.read(package).bodies[0].document, package)


def split(metadata: Metadata) -> tuple[Metadata, dict[str, str]]:
    """Elements, and face data, as the verifier has them."""
    schema = metadata.schema
    own = {name: texts for name, texts in metadata.values.items() if schema.named(name) is not None}
    data = {name: texts[0] for name, texts in metadata.values.items() if schema.named(name) is None}
    return Metadata.build(own, schema=schema), data


def drawn(licence_type: LicenceType, seed: int) -> tuple[Metadata, FaceText]:
    """Random metadata that fits the face, and the face; what is too long is refused by issuing and made shorter."""
    for share in (1, 2, 4, 8):
        metadata = made(licence_type, seed, share)
        try:
            return metadata, read(licence_type, metadata)
        except RefusedError as exc:
            refused = exc
    raise refused


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("key", TYPES)
def test_every_face_we_draw_matches(key: str, seed: int) -> None:
    """Whatever the data, a face that can be drawn is recognised."""
    metadata, face = drawn(built_in_types()[key], seed)
    elements, data = split(metadata)
    findings = list(judge_face(elements, data, lambda: face))
    assert [(each.code, each.detail) for each in findings] == [(Code.FACE_MATCHES, "")]


@pytest.mark.parametrize("key", TYPES)
def test_no_other_metadata_passes_under_a_face(key: str) -> None:
    """Each field the type shows, changed in the metadata alone, is noticed."""
    licence_type = built_in_types()[key]
    metadata, face = drawn(licence_type, 1)
    for field in face_kind(str(licence_type.type_code)).fields:
        texts = metadata.values.get(field.name)
        if texts is None or not texts[0]:
            continue
        other = "20010203" if texts[0].isdigit() and len(texts[0]) == 8 else f"{texts[0][:-1]}甲"
        if field.name == "CZZTDM":
            continue  # its form depends on its type
        if texts[0].isdigit() and len(texts[0]) == 12:
            other = "200102030405"
        elements, data = split(Metadata.build({**metadata.values, field.name: [other, *texts[1:]] if len(texts) > 1 else other}, schema=metadata.schema))  # fmt: skip
        found = {each.code for each in judge_face(elements, data, lambda: face)}
        assert Code.FACE_MATCHES not in found, field.name


def test_what_types_show_is_known() -> None:
    """The verifier's data and the issuing service's types name the same fields in the same order and form."""
    types, _ = read_face_kinds(files("verifier").joinpath("licence-faces.json").read_bytes())
    for licence_type in built_in_types().values():
        known = types[str(licence_type.type_code)]
        shown = ["ZZMC"]
        forms = ["text"]
        for page in licence_type.face.pages:
            shown += [place.field for place in page.values]
            forms += ["person" if place.masks_persons else place.format for place in page.values]
        assert [field.name for field in known.fields] == shown
        assert [field.form.value for field in known.fields] == forms
