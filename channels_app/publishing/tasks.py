"""The background task that publishes."""

from typing import Any, ClassVar

from django.urls import reverse

from channels_app.publishing.publish_lineup import publish_lineup
from ecm_site.wording import counted
from tasks_app.registry import TaskResult, TaskScheduler, register_task


@register_task
class PublishLineupTask(TaskScheduler):
    task_id = "publish_lineup"
    name = "Publish lineup"
    description = "Writes the playlist, the guide and the tuner's channel list that players fetch."
    default_parameters: ClassVar[dict[str, Any] | None] = {}

    @classmethod
    def result_link(cls, parameters: dict[str, Any], *, succeeded: bool) -> tuple[str, str] | None:
        return "Open publishing", reverse("publishing:page")

    def execute(self) -> TaskResult:
        """Load the guide of channels that were linked since the last import, then build and go live."""
        from epg_app.load_programmes import load_newly_mapped

        self.progress.report(phase="loading the guide")
        load_newly_mapped(progress=self.progress)
        report = publish_lineup(progress=self.progress)
        published = f"{counted(report.channels, 'channel')} and {counted(report.programmes, 'programme')}"
        sentences = [f"Published {published} in {report.seconds:.1f} s."]
        if not report.channels:
            sentences.append("The lineup is empty: players now show no channels.")
        if report.left_out:
            sentences.append(f"{counted(report.left_out, 'channel without a stream', 'channels without a stream')} left out.")
        return TaskResult(
            success=True,
            message=" ".join(sentences),
            success_count=report.channels,
            skipped_count=report.left_out,
            details={
                "channels": report.channels,
                "programmes": report.programmes,
                "left_out": report.left_out,
                "tuner_channels": report.tuner_channels,
                "variants": report.variants,
                "seconds": report.seconds,
                "files": report.files,
            },
        )
