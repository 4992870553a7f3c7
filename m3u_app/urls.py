from django.urls import path

from m3u_app.views import account_form, account_page, account_work, accounts, delete, filters, groups, held_back

app_name = "m3u"
urlpatterns = [
    path("", accounts.accounts, name="accounts"),
    path("busy/", accounts.busy, name="busy"),
    path("add/", account_form.add, name="add"),
    path("refresh/", account_work.refresh_all, name="refresh_all"),
    path("<int:account_id>/", account_page.account, name="account"),
    path("<int:account_id>/edit/", account_form.edit, name="edit"),
    path("<int:account_id>/refresh/", account_work.refresh, name="refresh"),
    path("<int:account_id>/cancel/", account_work.cancel, name="cancel"),
    path("<int:account_id>/priority/", account_work.priority, name="priority"),
    path("<int:account_id>/toggle/", account_work.toggle, name="toggle"),
    path("<int:account_id>/delete/", delete.delete, name="delete"),
    path("<int:account_id>/groups/", groups.groups, name="groups"),
    path("<int:account_id>/filters/", filters.filters, name="filters"),
    path("<int:account_id>/filters/add/", filters.add, name="filter_add"),
    path("<int:account_id>/filters/preview/", filters.preview, name="filter_preview"),
    path("<int:account_id>/filters/counts/", filters.counts, name="filter_counts"),
    path("<int:account_id>/filters/order/", filters.order, name="filter_order"),
    path("<int:account_id>/filters/rest/", filters.rest, name="filters_rest"),
    path("<int:account_id>/filters/apply/", filters.apply, name="filters_apply"),
    path("<int:account_id>/filters/<int:filter_id>/", filters.edit, name="filter_edit"),
    path("<int:account_id>/filters/<int:filter_id>/delete/", filters.delete, name="filter_delete"),
    path("<int:account_id>/filters/<int:filter_id>/toggle/", filters.toggle, name="filter_toggle"),
    path("<int:account_id>/filters/<int:filter_id>/step/", filters.step, name="filter_step"),
    path("<int:account_id>/held-back/", held_back.held_back, name="held_back"),
    path("<int:account_id>/guide/", account_page.add_guide, name="add_guide"),
]
