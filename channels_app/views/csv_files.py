"""CSV: export and template to download, and the import dialog, which shows row by row what will happen (10 §20)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from channels_app.drafts.staging import in_draft, live
from channels_app.errors import EditRefused
from channels_app.forms_csv import CsvImportForm
from channels_app.lineup_csv.apply_import import ImportChanged, import_sheet
from channels_app.lineup_csv.export import TEMPLATE, export_csv, export_name
from channels_app.lineup_csv.plan import Action, ImportPlan, PlannedRow, report_lines
from channels_app.lineup_csv.plan_import import plan_import
from channels_app.lineup_csv.reading import LARGEST_FILE, FileRefused, Sheet, read_sheet
from channels_app.lineup_csv.task import CsvImportTask, parameters_of
from channels_app.models import Channel
from channels_app.targets import read_target
from channels_app.views.answers import dialog, edited, goes_on
from channels_app.views.posted import parameters
from ecm_site.wording import counted
from m3u_app.store_upload import PendingUpload, UploadRefused, drop_pending, find_pending, receive_upload
from tasks_app.engine import AlreadyRunning, start_run

IN_BACKGROUND_ABOVE = 2000  # rows that do something; about two seconds of work
SUFFIXES = (".csv", ".txt", ".tsv")
_ROWS_SHOWN = 10
_ROWS_A_PAGE = 200
_PROBLEMS_SHOWN = 5
_PARTIAL = "channels_app/csv/_import.html"
_CHANGED = "The lineup or the streams have changed since this was shown. Look at it again, then import."


@require_http_methods(["GET", "POST"])
def export(request: HttpRequest) -> HttpResponse:
    """Choose what goes into the file. The selection comes along like for any bulk action; without one: everything."""
    target = read_target(parameters(request))
    context = {
        "target": target if target.is_all or target.chosen else None,
        "count": target.count if target else Channel.objects.count(),
        "auto_created": Channel.objects.filter(auto_created=True).exists(),
        "action": reverse("channels:csv_export_file"),
    }
    title = f"Export {counted(target.count, 'channel')}" if target else "Export channels"
    return dialog(request, "channels_app/csv/_export.html", title, context)


@require_http_methods(["GET", "POST"])
def export_file(request: HttpRequest) -> HttpResponse:
    """The file itself. By POST with the dialog's choices, by GET with the same names in the address."""
    values = parameters(request)
    target = read_target(values)
    try:
        ids = target.ids() if target else None
    except EditRefused as error:
        return _text(f"{error}\n", "export-refused.txt", status=422)
    text = export_csv(
        ids,
        auto_created=values.get("auto_created") == "1",
        with_streams=values.get("without_streams") != "1",
        for_spreadsheets=values.get("for_spreadsheets") == "1",
    )
    return _csv(text, export_name(timezone.localdate()))


@require_GET
def template(_request: HttpRequest) -> HttpResponse:
    """An empty file with instructions."""
    return _csv(TEMPLATE, "channels-template.csv")


@require_http_methods(["GET", "POST"])
def import_dialog(request: HttpRequest) -> HttpResponse:
    """Take a file, show what it would do, do it. The file waits on the server until it is confirmed, at most for a day."""
    if request.method == "GET":
        return _choose(request)
    upload = find_pending(request.POST.get("upload", "")) if request.POST.get("upload") else None
    if "file" in request.FILES:
        try:
            upload = _received(request)
        except UploadRefused as error:
            return _choose(request, str(error))
    if upload is None:
        gone = "The file is no longer there. Choose it again." if request.POST.get("upload") else "Choose a file first."
        return _choose(request, gone)
    try:
        sheet = read_sheet(upload.path.read_bytes())
    except FileRefused as error:
        drop_pending(upload)
        return _choose(request, str(error))
    form = CsvImportForm.read(request.POST)
    if request.POST.get("step") == "import" and "preview" not in request.POST:
        return _import(request, upload, sheet, form)
    return _show(request, upload, form, plan_import(sheet, form.options()))


@require_GET
def report(request: HttpRequest) -> HttpResponse:
    """Errors and warnings of the waiting file as a text to keep."""
    upload = find_pending(request.GET.get("upload", ""))
    if upload is None:
        return _choose(request, "The file is no longer there. Choose it again.")
    try:
        plan = plan_import(read_sheet(upload.path.read_bytes()), CsvImportForm.read(request.GET).options())
    except FileRefused as error:
        return _choose(request, str(error))
    return _text("\n".join(report_lines(plan)) + "\n", f"{upload.name}-problems.txt")


def _import(request: HttpRequest, upload: PendingUpload, sheet: Sheet, form: CsvImportForm) -> HttpResponse:
    options = form.options()
    plan = plan_import(sheet, options)
    if plan.problem or plan.fingerprint != request.POST.get("fingerprint"):
        return _show(request, upload, form, plan, "" if plan.problem else _CHANGED, status=422)
    if len(plan.work) > IN_BACKGROUND_ABOVE:
        return _start_run(request, upload, form, plan)
    try:
        outcome = import_sheet(sheet, options, fingerprint=plan.fingerprint, file_name=upload.name)
    except ImportChanged as changed:
        return _show(request, upload, form, changed.plan, _CHANGED, status=422)
    except EditRefused as error:
        return _show(request, upload, form, plan, str(error), status=422)
    drop_pending(upload)
    return edited(request, outcome)


def _start_run(request: HttpRequest, upload: PendingUpload, form: CsvImportForm, plan: ImportPlan) -> HttpResponse:
    """Thousands of rows take a while: they are imported in the background, and the dialog shows how far it is."""
    values = parameters_of(upload, form.options(), plan, in_draft())
    try:
        with live():
            run = start_run(CsvImportTask.task_id, values, user_id=request.user.pk)
    except AlreadyRunning as running:
        return _show(request, upload, form, plan, str(running), status=422)
    return goes_on(request, run, f"Importing {counted(len(plan.work), 'channel')}")


def _received(request: HttpRequest) -> PendingUpload:
    file = request.FILES["file"]
    if isinstance(file, list):
        raise UploadRefused("Choose one file.")
    if file.size and file.size > LARGEST_FILE:
        raise UploadRefused(f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB. Split it into several files.")
    return receive_upload(file.name or "", file.chunks(), suffixes=SUFFIXES, what="CSV")


def _choose(request: HttpRequest, problem: str = "") -> HttpResponse:
    context = {"problem": problem, "action": reverse("channels:csv_import"), "suffixes": ",".join(SUFFIXES)}
    return dialog(request, _PARTIAL, "Import channels from CSV", context, status=422 if problem else 200)


@dataclass(frozen=True)
class _Count:
    value: str
    label: str
    count: int


def _show(
    request: HttpRequest, upload: PendingUpload, form: CsvImportForm, plan: ImportPlan, notice: str = "", *, status: int = 200
) -> HttpResponse:
    """What the file would do."""
    counts = plan.counts()
    labels = {Action.CREATE: "new", Action.UPDATE: "changed", Action.DELETE: "deleted", Action.UNCHANGED: "unchanged"}
    shown = request.POST.get("show", "")
    rows = [row for row in plan.rows if row.action == shown] if shown in labels else plan.work or plan.rows
    page = _page(request, len(rows))
    context = {
        "upload": upload,
        "form": form,
        "plan": plan,
        "notice": notice,
        "action": reverse("channels:csv_import"),
        "report_url": f"{reverse('channels:csv_report')}?{urlencode({'upload': upload.token, **form.sent()})}",
        "counts": [_Count(action, label, counts[action]) for action, label in labels.items() if counts[action]],
        "show": shown if shown in labels else "",
        "row_count": len(plan.rows) - counts[Action.DELETE] + len(plan.errors),
        "work_count": len(plan.work),
        "button": _button(plan),
        "button_class": "btn-danger" if counts[Action.DELETE] else "btn-primary",
        **_rows(rows, page),
        "errors": plan.errors[:_PROBLEMS_SHOWN],
        "more_errors": max(0, len(plan.errors) - _PROBLEMS_SHOWN),
        "warnings": plan.warnings[:_PROBLEMS_SHOWN],
        "more_warnings": max(0, len(plan.warnings) - _PROBLEMS_SHOWN),
    }
    return dialog(request, _PARTIAL, f"Import {upload.name}", context, status=status)


def _rows(rows: list[PlannedRow], page: int) -> dict[str, Any]:
    """The first ten, or a page of many once somebody asked for more."""
    if page == 0:
        return {"rows": rows[:_ROWS_SHOWN], "more_rows": max(0, len(rows) - _ROWS_SHOWN), "page": 0}
    start = (page - 1) * _ROWS_A_PAGE
    pages = max(1, -(-len(rows) // _ROWS_A_PAGE))
    return {"rows": rows[start : start + _ROWS_A_PAGE], "more_rows": 0, "page": page, "pages": pages}


def _page(request: HttpRequest, rows: int) -> int:
    text = request.POST.get("page", "")
    asked = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
    return min(asked, max(1, -(-rows // _ROWS_A_PAGE))) if asked else 0


def _button(plan: ImportPlan) -> str:
    counts = plan.counts()
    if counts[Action.DELETE]:
        return f"Import, and delete {counted(counts[Action.DELETE], 'channel')}"
    changed = counts[Action.CREATE] + counts[Action.UPDATE]
    return f"Import {counted(changed, 'channel')}" if changed else "Nothing to import"


def _csv(text: str, name: str) -> HttpResponse:
    return _text(text, name, content_type="text/csv; charset=utf-8")


def _text(text: str, name: str, *, content_type: str = "text/plain; charset=utf-8", status: int = 200) -> HttpResponse:
    response = HttpResponse(text.encode("utf-8", "replace"), content_type=content_type, status=status)
    safe = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_" for letter in name)
    response["Content-Disposition"] = f'attachment; filename="{safe}"'
    response["Cache-Control"] = "no-store"
    return response
