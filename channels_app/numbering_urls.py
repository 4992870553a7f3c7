from django.urls import path

from channels_app.drafts.staging import staged
from channels_app.views import move_dialog, number_dialogs

urlpatterns = [
    path("move-to-new-group/", staged(move_dialog.move_to_new_group), name="move_to_new_group"),
    path("assign-numbers/", staged(number_dialogs.assign), name="assign_numbers"),
    path("groups/reorder/", staged(number_dialogs.reorder), name="reorder_groups"),
    path("groups/<int:group_id>/sort/", staged(number_dialogs.sort), name="sort_group"),
    path("renumber-all/", staged(number_dialogs.renumber_all), name="renumber_all"),
]
