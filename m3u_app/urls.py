from django.urls import path

from m3u_app.views import account_form, account_page, account_work, accounts, delete, groups, held_back

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
    path("<int:account_id>/held-back/", held_back.held_back, name="held_back"),
    path("<int:account_id>/guide/", account_page.add_guide, name="add_guide"),
]
