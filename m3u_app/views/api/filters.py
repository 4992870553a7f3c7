"""``/api/m3u/accounts/<id>/filters`` (20 §5), in the order in which they decide."""

from ecm_site.masking import mask_text
from m3u_app.edit_filters import VALUE_FIELDS, FilterValues, add_filter, change_filter, remove_filter
from m3u_app.models import StreamFilter
from m3u_app.views.api.rows import rows_of_account


def _shape(stored: StreamFilter) -> dict[str, object]:
    return {
        "id": stored.pk,
        "filter_type": stored.filter_type,
        "regex_pattern": mask_text(stored.regex_pattern),
        "exclude": stored.exclude,
        "case_sensitive": stored.case_sensitive,
        "enabled": stored.enabled,
        "order": stored.position,
    }


filters, filter_ = rows_of_account(
    StreamFilter,
    "filter",
    shape=_shape,
    first=lambda account: FilterValues(),
    values_of=lambda stored: FilterValues(**{name: getattr(stored, name) for name in VALUE_FIELDS}),
    add=add_filter,
    change=change_filter,
    remove=remove_filter,
)
