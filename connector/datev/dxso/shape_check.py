"""Check a file against its shape: what DATEV's schemas ask for, said in sentences with a cure."""

from collections.abc import Iterator, Sequence

from lxml import etree

from connector.datev.dxso.elements import SCHEMA_INSTANCE, Rule, value_message
from connector.datev.dxso.shapes import ROOTS, Place, Shape
from connector.datev.dxso.xml import line_of
from connector.datev.findings import Finding

_TYPE = f"{{{SCHEMA_INSTANCE}}}type"
_ALLOWED_ANYWHERE = frozenset(
    {f"{{{SCHEMA_INSTANCE}}}schemaLocation", f"{{{SCHEMA_INSTANCE}}}noNamespaceSchemaLocation"}
)
"""Hints for XML programs; they say nothing about the data."""

_LINES = frozenset({"accountsPayableLedger", "cashLedger", "accountsReceivableLedger"})
_EXPORT_AGAIN = (
    "Export the file again from the program that made it, in version 6.0 of DATEV's XML interface."
)


def shape_findings(root: etree._Element) -> list[Finding]:
    """Everything in which a file differs from DATEV's schema; empty where the schema takes it."""
    return list(shape_differences(root))


def shape_differences(root: etree._Element) -> Iterator[Finding]:
    """The same one by one: a file of an attacker can differ in millions of places."""
    shape = ROOTS.get(str(root.tag))
    if shape is None:
        known = " or ".join(ROOTS)
        message = f"The root element is {root.tag}, not {known}."
        yield Finding(rule="wrong_root", message=message, cure=_EXPORT_AGAIN, line=line_of(root))
    else:
        yield from _element(root, shape, _Spot(shape.name, None))


def extension_kind(extension: etree._Element) -> str:
    """What ``xsi:type`` names, without prefix; empty where it names nothing of DATEV's."""
    prefix, _, name = extension.get(_TYPE, "").rpartition(":")
    namespace = extension.nsmap.get(prefix or None)
    return name if namespace == etree.QName(extension).namespace else ""


class _Spot:
    """Where the check stands."""

    __slots__ = ("path", "row")

    def __init__(self, path: str, row: int | None) -> None:
        self.path = path
        self.row = row

    def finding(self, element: etree._Element, rule: str, field: str, message: str, cure: str) -> Finding:
        return Finding(
            rule=rule,
            message=message,
            cure=cure,
            line=line_of(element),
            row=self.row,
            field=field,
            path=self.path,
        )


def _element(element: etree._Element, shape: Shape, spot: _Spot) -> Iterator[Finding]:
    known = {*_ALLOWED_ANYWHERE}
    if shape.variants:
        kind = extension_kind(element)
        variant = dict(shape.variants).get(kind)
        if variant is None:
            names = ", ".join(name for name, _ in shape.variants)
            message = f"xsi:type is {element.get(_TYPE, '')!r} but must be one of {names}."
            yield spot.finding(element, "unknown_kind", "xsi:type", message, "Correct xsi:type.")
            return
        shape = variant
        known.add(_TYPE)
    yield from _attributes(element, shape.attributes, known, spot)
    if shape.text is not None:
        yield from _text(element, shape.text, spot)
    else:
        yield from _children(element, shape.places, spot)


def _attributes(
    element: etree._Element, rules: Sequence[Rule], known: set[str], spot: _Spot
) -> Iterator[Finding]:
    known |= {rule.name for rule in rules}
    for name in map(str, element.attrib):
        if name not in known:
            message = f"The attribute {name} is not known here."
            yield spot.finding(element, "unknown_attribute", name, message, f"Leave {name} out.")
    for rule in rules:
        written = element.get(rule.name)
        if written is None:
            if rule.required:
                message = f"The attribute {rule.name} is missing."
                yield spot.finding(element, "missing", rule.name, message, f"Write {rule.name}.")
        elif not rule.accepts(written):
            message = value_message(rule, written)
            yield spot.finding(element, "bad_value", rule.name, message, f"Correct {rule.name}.")


def _text(element: etree._Element, rule: Rule, spot: _Spot) -> Iterator[Finding]:
    if len(element):
        message = f"{rule.name} must hold text only, not elements."
        yield spot.finding(element, "unknown_element", rule.name, message, f"Correct {rule.name}.")
    elif not rule.accepts(element.text or ""):
        message = value_message(rule, element.text or "")
        yield spot.finding(element, "bad_value", rule.name, message, f"Correct {rule.name}.")


def _children(element: etree._Element, places: Sequence[Place], spot: _Spot) -> Iterator[Finding]:
    """Elements: known, in order, as often as allowed, each of its own shape."""
    yield from _stray_text(element, spot, blanks=bool(places))
    namespace = f"{{{etree.QName(element).namespace}}}"
    place_of = {f"{namespace}{name}": i for i, place in enumerate(places) for name in place.names()}
    counts = [0] * len(places)
    chosen: list[str] = [""] * len(places)
    last = 0
    for child in element:
        tag = str(child.tag)
        place = place_of.get(tag)
        name = tag.removeprefix(namespace)
        if place is None:
            message = f"The element {name} is not known here."
            yield spot.finding(child, "unknown_element", name, message, f"Leave {name} out.")
            continue
        counts[place] += 1
        chosen[place] = chosen[place] or name
        if place < last:
            yield _wrong_order(child, name, spot)
        elif chosen[place] != name:
            message = f"{name} stands beside {chosen[place]}, but only one kind may stand here."
            yield spot.finding(child, "wrong_element", name, message, "Write one file for each kind.")
        elif places[place].most == 1 and counts[place] > 1:
            yield _wrong_order(child, name, spot)
        last = max(last, place)
        shape = next(shape for shape in places[place].choices if shape.name == name)
        yield from _element(child, shape, _below(spot, places[place], name, counts[place]))
    for place_, count in zip(places, counts, strict=True):
        yield from _count(element, place_, count, spot)


def _below(spot: _Spot, place: Place, name: str, number: int) -> _Spot:
    index = "" if place.most == 1 else f"[{number}]"
    return _Spot(f"{spot.path}/{name}{index}", number if name in _LINES else spot.row)


def _wrong_order(child: etree._Element, name: str, spot: _Spot) -> Finding:
    message = f"The element {name} stands in the wrong place or twice."
    return spot.finding(
        child, "wrong_order", name, message, "Write the elements once each, in the order of DATEV's schema."
    )


def _count(element: etree._Element, place: Place, count: int, spot: _Spot) -> Iterator[Finding]:
    name = " or ".join(place.names())
    if count < place.least:
        rule = "missing" if place.most == 1 else place.count_rule
        yield spot.finding(element, rule, name, f"The element {name} is missing.", f"Write {name}.")
    elif place.most is not None and place.most > 1 and count > place.most:
        message = f"There are {count} elements {name}, DATEV takes {place.most}."
        yield spot.finding(
            element, place.count_rule, name, message, f"Split the file: at most {place.most} {name} each."
        )


def _stray_text(element: etree._Element, spot: _Spot, *, blanks: bool) -> Iterator[Finding]:
    """Text that belongs to no element.

    :param blanks: whether white space may stand between the elements; where none may be, not even that
        is allowed (XML Schema: empty content).
    """
    name = etree.QName(element).localname
    texts = [text for text in (element.text, *(child.tail for child in element)) if text]
    if not blanks and texts and not len(element):
        message = f"{name} must be empty, but it holds text or blanks."
        yield spot.finding(element, "stray_text", name, message, f"Write <{name} …/> without a content.")
    elif any(text.strip(" \t\r\n") for text in texts):
        message = f"{name} must hold elements only, but there is text between them."
        yield spot.finding(element, "stray_text", name, message, "Remove the text between the elements.")
