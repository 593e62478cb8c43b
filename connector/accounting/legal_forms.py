"""Words that say what kind of company it is, not which one."""

from collections.abc import Sequence

_SHORT_FORMS = frozenset(
    """
    gmbh ggmbh ag kg ohg gbr ug se eg ev co kgaa ltd inc llc llp plc corp sa sarl sas srl spa bv nv
    vof bvba sro as aps ab oy oyj asa spzoo doo kft zrt eood ood ek partg partgmbb vvag
    """.split()  # noqa: SIM905 - a table to be read
)
"""Lower case, without accents and dots: German forms, and those of neighbours and common trade partners."""

_WRITTEN_OUT: tuple[tuple[tuple[str, ...], str], ...] = (
    (("gesellschaft", "mit", "beschraenkter", "haftung"), "gmbh"),
    (("gesellschaft", "mbh"), "gmbh"),
    (("gesellschaft", "buergerlichen", "rechts"), "gbr"),
    (("unternehmergesellschaft", "haftungsbeschraenkt"), "ug"),
    (("ug", "haftungsbeschraenkt"), "ug"),
    (("offene", "handelsgesellschaft"), "ohg"),
    (("eingetragener", "verein"), "ev"),
    (("sp", "zoo"), "spzoo"),
    (("mbh",), "gmbh"),
    (("aktiengesellschaft",), "ag"),
    (("kommanditgesellschaft",), "kg"),
    (("limited",), "ltd"),
    (("incorporated",), "inc"),
    (("corporation",), "corp"),
    (("ekfm",), "ek"),
    (("ekfr",), "ek"),
)
"""Longer spellings, the longest first, and the form that they mean."""


def split_legal_forms(words: Sequence[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The words that name the company, and its legal forms in their short spelling.

    :param words: lower case, without accents and dots, umlauts written out.
    """
    named: list[str] = []
    forms: set[str] = set()
    rest = list(words)
    while rest:
        spelled, form = next(
            ((long, short) for long, short in _WRITTEN_OUT if tuple(rest[: len(long)]) == long),
            ((rest[0],), rest[0] if rest[0] in _SHORT_FORMS else ""),
        )
        if form:
            forms.add(form)
        else:
            named += spelled
        del rest[: len(spelled)]
    return tuple(named), frozenset(forms)
