"""`faults.html`: the matrix for people, in one file that needs no network."""

from html import escape
from pathlib import Path

from tools.faults.document import Matrix
from tools.faults.judge import Hit, Result

NAME = "faults.html"

_STYLE = """
:root { color-scheme: light dark; --line: #d0d7de; --soft: #57606a; --good: #116329; --bad: #b3261e; --back: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3d444d; --soft: #9198a1; --good: #57ab5a; --bad: #ff7b72; --back: #161b22; }
}
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 80rem; padding: 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 .3rem; }
.verdict { font-weight: 600; } .good { color: var(--good); } .bad { color: var(--bad); }
.soft, th { color: var(--soft); } code, pre { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { background: var(--back); padding: .5rem; white-space: pre-wrap; margin: .3rem 0; }
ul { margin: .2rem 0; padding-left: 1.2rem; }
.tools { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1rem 0; align-items: center; }
input[type=search] { font: inherit; padding: .35rem .5rem; flex: 1 1 14rem; max-width: 30rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-top: 1px solid var(--line); }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
th button::after { content: " \\2195"; } td.number { text-align: right; white-space: nowrap; }
summary { cursor: pointer; }
@media (max-width: 48rem) {
  thead { display: none; } tr { display: block; border-top: 1px solid var(--line); padding: .4rem 0; }
  tr[hidden] { display: none; } td { display: block; border: 0; padding: .1rem 0; } td.number { text-align: left; }
  td[data-name]::before { content: attr(data-name) ": "; color: var(--soft); }
}
@media print { .tools { display: none; } }
"""

_SCRIPT = """
const rows = [...document.querySelectorAll('tbody tr')], body = document.querySelector('tbody');
const word = document.querySelector('#word'), wrong = document.querySelector('#wrong');
const shown = document.querySelector('#shown');
function filter() {
  const text = word.value.toLowerCase();
  let count = 0;
  for (const row of rows) {
    row.hidden = !row.textContent.toLowerCase().includes(text) || (wrong.checked && row.dataset.good === 'yes');
    count += !row.hidden;
  }
  shown.textContent = `${count} of ${rows.length} shown`;
}
word.addEventListener('input', filter);
wrong.addEventListener('change', filter);
document.querySelectorAll('th button').forEach((button, column) => button.addEventListener('click', () => {
  const head = button.parentElement, up = head.getAttribute('aria-sort') !== 'ascending';
  document.querySelectorAll('th').forEach(each => each.removeAttribute('aria-sort'));
  head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
  const key = row => row.cells[column].dataset.key ?? row.cells[column].textContent;
  const order = (a, b) => key(a).localeCompare(key(b), 'en', { numeric: true });
  rows.sort((a, b) => up ? order(a, b) : order(b, a)).forEach(row => body.append(row));
}));
filter();
"""

_COLUMNS = ("Fault", "Verdict", "Clauses that it breaks", "Tests that failed", "Changed answers", "Seconds")


def write(folder: Path, matrix: Matrix) -> Path:
    """Write it; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    path.write_text(render(matrix), encoding="utf-8")
    return path


def render(matrix: Matrix) -> str:
    """The whole page."""
    killed = len(matrix.results) - len(matrix.faulty)
    word = "good" if matrix.good else "bad"
    verdict = f"{killed} of {len(matrix.results)} faults are killed, by the right clauses and for the right reason"
    heads = "".join(f'<th scope="col"><button type="button">{name}</button></th>' for name in _COLUMNS)
    rows = "\n".join(_row(result) for result in matrix.results)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Kill matrix: {killed} of {len(matrix.results)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Kill matrix</h1>
<p class="verdict {word}">{verdict}.</p>
<p class="soft">Each fault breaks one documented behaviour of the simulated cluster; the suite must notice, and name it.
{matrix.seconds:.0f} s{"" if matrix.complete else f", selected faults, without {len(matrix.left_out)} clauses"}.</p>
{_general(matrix)}
<div class="tools">
<label for="word">Find</label><input type="search" id="word" placeholder="fault, clause, test, message">
<label><input type="checkbox" id="wrong"> only what is wrong</label>
<span class="soft" id="shown" role="status"></span>
</div>
<table>
<thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _general(matrix: Matrix) -> str:
    wrong = [f"no fault breaks the clause <code>{escape(name)}</code>" for name in matrix.without_fault]
    wrong += [f"no fault makes the test <code>{escape(name)}</code> fail" for name in matrix.never_red]
    wrong += [
        f"without a fault, on the {escape(version) or 'newest'} version: {escape(trouble)}"
        for version, trouble in matrix.controls.items()
        if trouble
    ]
    return f'<ul class="bad">{"".join(f"<li>{line}</li>" for line in wrong)}</ul>' if wrong else ""


def _row(result: Result) -> str:
    good = not result.problems
    problems = "".join(f"<li>{escape(problem)}</li>" for problem in result.problems)
    verdict = f'<span class="{"good" if good else "bad"}">{"killed" if good else "wrong"}</span>'
    tests = "".join(
        f"<li><code>{escape(failure.test)}</code><pre>{escape(failure.seen)}</pre></li>" for failure in result.failures
    )
    noun = "test" if len(result.failures) == 1 else "tests"
    failed = f"<details><summary>{len(result.failures)} {noun}</summary><ul>{tests}</ul></details>"
    return f"""<tr data-good="{"yes" if good else "no"}">
<td><code>{escape(str(result.case))}</code><br>{escape(result.case.fault.summary)}</td>
<td>{verdict}{f"<ul>{problems}</ul>" if problems else ""}</td>
<td><ul>{"".join(_hit(hit) for hit in result.hits)}</ul>{_blocked(result)}</td>
<td data-key="{len(result.failures)}">{failed}</td>
<td class="number" data-name="{_COLUMNS[4]}" data-key="{result.changed}">{result.changed} of {result.asked}</td>
<td class="number" data-name="{_COLUMNS[5]}">{result.seconds:.1f}</td>
</tr>"""


def _hit(hit: Hit) -> str:
    if not hit.expected:
        remark = ' <span class="bad">unrelated</span>'
    elif hit.verdict != "violates":
        remark = f' <span class="bad">{escape(hit.verdict)}</span>'
    else:
        remark = "" if hit.speaks else ' <span class="bad">for another reason</span>'
    return f"<li><code>{escape(hit.clause)}</code>{remark}</li>"


def _blocked(result: Result) -> str:
    if not result.blocked:
        return ""
    names = "".join(f"<li><code>{escape(name)}</code></li>" for name in result.blocked)
    return f'<details class="soft"><summary>not verified: {len(result.blocked)}</summary><ul>{names}</ul></details>'
