CREATE TABLE `answer` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`sensor` text NOT NULL,
	`at` integer NOT NULL,
	`payload` blob NOT NULL
);
--> statement-breakpoint
CREATE INDEX `answer_sensor` ON `answer` (`sensor`,`id`);--> statement-breakpoint
CREATE TABLE `crossing` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`uid` text NOT NULL,
	`episode` text NOT NULL,
	`threshold` text NOT NULL,
	`sensor` text NOT NULL,
	`metric` text,
	`kind` text NOT NULL,
	`level` text NOT NULL,
	`at` integer NOT NULL,
	`value` real,
	`limit` real
);
--> statement-breakpoint
CREATE UNIQUE INDEX `crossing_uid_unique` ON `crossing` (`uid`);--> statement-breakpoint
CREATE INDEX `crossing_at` ON `crossing` (`at`);--> statement-breakpoint
CREATE TABLE `fact` (
	`name` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `hour` (
	`hour` integer PRIMARY KEY NOT NULL,
	`readings` integer NOT NULL,
	`touched` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `hour_touched` ON `hour` (`touched`);--> statement-breakpoint
CREATE TABLE `mqtt` (
	`key` text PRIMARY KEY NOT NULL,
	`value` blob NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `quarantine` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`client` text NOT NULL,
	`topic` text NOT NULL,
	`payload` blob NOT NULL,
	`fault` text NOT NULL,
	`reason` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `quarantine_at` ON `quarantine` (`at`);--> statement-breakpoint
CREATE TABLE `reading` (
	`series` integer NOT NULL,
	`at` integer NOT NULL,
	`value` real NOT NULL,
	PRIMARY KEY(`series`, `at`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `sealed` (
	`day` text PRIMARY KEY NOT NULL,
	`file` text NOT NULL,
	`sha256` text NOT NULL,
	`rows` integer NOT NULL,
	`through` integer NOT NULL,
	`at` integer NOT NULL,
	`emptied` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE `series` (
	`id` integer PRIMARY KEY NOT NULL,
	`sensor` text NOT NULL,
	`metric` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `series_name` ON `series` (`sensor`,`metric`);--> statement-breakpoint
CREATE TABLE `status` (
	`sensor` text PRIMARY KEY NOT NULL,
	`online` integer NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `threshold_state` (
	`threshold` text PRIMARY KEY NOT NULL,
	`state` text NOT NULL
);
