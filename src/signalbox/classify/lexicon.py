"""Words that say what is wanted: English, German and French, lower case, without punctuation.

A weight of 3 is a verb that names the task, 2 its noun, 1 a word that leans towards it.
"""

from typing import Final

from signalbox.domain.traits import TaskType

_T = TaskType
_WORDS: Final[dict[TaskType, dict[int, str]]] = {
    _T.SUMMARISING: {
        3: (
            "summarise summarize sumarize summerize condense recap tldr zusammenfassen resümiere "
            "résume résumez résumer resumez resume"
        ),
        2: (
            "summary recapitulate zusammenfassung fasse resümee résumé synthèse overview gist "
            "takeaways digest kernaussagen"
        ),
        1: "brief briefly kurz minutes thread protokoll zusammen points stichpunkte",
    },
    _T.REWRITING: {
        3: (
            "rewrite rephrase reword paraphrase proofread polish shorten umformulieren formuliere "
            "reformuliere reformule reformulez reformuler kürze korrigiere corrige corrigez "
            "überarbeite raccourcis"
        ),
        2: (
            "improve tone formal informal friendlier politer clearer concise grammar spelling fix "
            "umschreiben verbessere höflicher améliore améliorez simplify"
        ),
        1: "wording style sentence paragraph absatz satz paragraphe phrase shorter",
    },
    _T.DRAFTING: {
        3: "draft compose entwirf verfasse rédige rédigez rédiger entwerfen verfassen",
        2: (
            "write schreibe schreib écris écrivez letter email e-mail mail reply respond antworte "
            "réponds invitation proposal blog"
        ),
        1: "brief announcement memo report bericht lettre essay story",
    },
    _T.TRANSLATION: {
        3: (
            "translate translation übersetze übersetzen übersetz traduis traduisez traduire "
            "traduction übersetzung"
        ),
        2: "anglais allemand englische deutsche",
        1: (
            "english german french spanish italian dutch portuguese japanese chinese deutsch englisch "
            "französisch spanisch français espagnol"
        ),
    },
    _T.COMPUTATION: {
        3: (
            "calculate compute berechne calcule calculez formula formel formule sumif vlookup xlookup "
            "sumifs"
        ),
        2: (
            "excel spreadsheet sum average percentage cell range column median subtotal pivot zelle "
            "spalte tabelle summe durchschnitt somme moyenne cellule colonne"
        ),
        1: "total count multiply add numbers rows square",
    },
    _T.EXTRACTION: {
        3: "extract extrahiere extrais extraire extrahieren",
        2: "list identify retrieve find liste nenne finde trouve pull",
        1: "names dates amounts addresses all from fields entities",
    },
    _T.CLASSIFICATION: {
        3: (
            "classify categorise categorize klassifiziere kategorisiere classe classifie triage "
            "prioritise prioritize priorisiere"
        ),
        2: "label category sentiment spam urgent kategorie catégorie positive negative sort",
        1: "either tag whether",
    },
    _T.LAYOUT: {
        3: (
            "slide slides presentation powerpoint präsentation folien folie présentation diapositive "
            "diapositives deck"
        ),
        2: "layout outline gliederung arrange",
        1: "title bullets agenda visual",
    },
    _T.FORMATTING: {
        3: "format formatiere formate reformat",
        2: "convert markdown csv bullet table umwandeln wandle convertis bulleted",
        1: "json columns list tabelle tableau iso",
    },
    _T.REASONING: {
        3: "analyse analyze analysiere prove evaluate derive analysez vergleiche beweise",
        2: (
            "why explain compare reason warum erkläre pourquoi explique expliquez compares trade-offs "
            "assess recommend tradeoffs deduce"
        ),
        1: "cause risk should decide better argue conclusion step",
    },
    _T.CODING: {
        3: (
            "python javascript typescript sql vba macro regex debug refactor c++ java rust golang "
            "powershell"
        ),
        2: "code function script bug program query programm skript fonction compile unittest traceback",
        1: "implement loop api error class array",
    },
}  # fmt: skip

WEIGHTS: Final[dict[str, tuple[tuple[TaskType, int], ...]]] = {}
for _task, _by_weight in _WORDS.items():
    for _weight, _line in _by_weight.items():
        for _word in _line.split():
            WEIGHTS[_word] = (*WEIGHTS.get(_word, ()), (_task, _weight))
