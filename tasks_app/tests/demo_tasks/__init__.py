"""An installed app of test settings only: tasks that sleep, count, fail and hang, for tests with real workers."""
