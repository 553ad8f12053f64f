CREATE TABLE `account` (
	`name` text PRIMARY KEY NOT NULL,
	`title` text NOT NULL,
	`password` text NOT NULL,
	`roles` text NOT NULL,
	`division` text NOT NULL,
	`entity` text,
	`lang` text DEFAULT 'zh' NOT NULL,
	`must_change` integer DEFAULT 0 NOT NULL,
	`disabled` integer DEFAULT 0 NOT NULL,
	`failures` integer DEFAULT 0 NOT NULL,
	`waits_until` text,
	`created` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `act` (
	`seq` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`actor` text NOT NULL,
	`by` text NOT NULL,
	`at` text NOT NULL,
	`written` text NOT NULL,
	`cause` text,
	`origin` text NOT NULL,
	`clock` text,
	`hash` blob NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `act_id` ON `act` (`id`);--> statement-breakpoint
CREATE TABLE `aside` (
	`follower` text NOT NULL,
	`seq` integer NOT NULL,
	`reason` text NOT NULL,
	`tries` integer NOT NULL,
	`at` text NOT NULL,
	PRIMARY KEY(`follower`, `seq`)
);
--> statement-breakpoint
CREATE TABLE `audit` (
	`aid` integer PRIMARY KEY NOT NULL,
	`at` text NOT NULL,
	`actor` text NOT NULL,
	`what` text NOT NULL,
	`about` text,
	`detail` text,
	`address` text
);
--> statement-breakpoint
CREATE INDEX `audit_at` ON `audit` (`at`);--> statement-breakpoint
CREATE TABLE `change` (
	`cid` integer PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL,
	`dataset` text NOT NULL,
	`record` text NOT NULL,
	`base` integer NOT NULL,
	`version` integer NOT NULL,
	`fields` text,
	`division` text,
	`withdrawn` integer,
	`salt` blob NOT NULL,
	`digest` blob NOT NULL
);
--> statement-breakpoint
CREATE INDEX `change_record` ON `change` (`record`,`version`);--> statement-breakpoint
CREATE INDEX `change_seq` ON `change` (`seq`);--> statement-breakpoint
CREATE TABLE `cursor` (
	`name` text PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `device` (
	`sensor` text PRIMARY KEY NOT NULL,
	`hash` text NOT NULL,
	`created` text NOT NULL,
	`disabled` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE `fact` (
	`name` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `held` (
	`id` text PRIMARY KEY NOT NULL,
	`after` text NOT NULL,
	`actor` text NOT NULL,
	`request` text NOT NULL,
	`at` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `held_after` ON `held` (`after`);--> statement-breakpoint
CREATE TABLE `record` (
	`rid` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`dataset` text NOT NULL,
	`division` text NOT NULL,
	`town` text NOT NULL,
	`version` integer NOT NULL,
	`body` text NOT NULL,
	`place` text,
	`withdrawn` integer DEFAULT 0 NOT NULL,
	`born` integer NOT NULL,
	`touched` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `record_id` ON `record` (`id`);--> statement-breakpoint
CREATE INDEX `record_list` ON `record` (`dataset`,`withdrawn`,`rid`);--> statement-breakpoint
CREATE INDEX `record_town` ON `record` (`dataset`,`withdrawn`,`town`,`rid`);--> statement-breakpoint
CREATE INDEX `record_touched` ON `record` (`touched`);--> statement-breakpoint
CREATE TABLE `session` (
	`hash` text PRIMARY KEY NOT NULL,
	`account` text NOT NULL,
	`created` text NOT NULL,
	`seen` text NOT NULL,
	`expires` text NOT NULL,
	`agent` text
);
--> statement-breakpoint
CREATE INDEX `session_account` ON `session` (`account`);--> statement-breakpoint
CREATE TABLE `token` (
	`name` text PRIMARY KEY NOT NULL,
	`hash` text NOT NULL,
	`account` text NOT NULL,
	`created` text NOT NULL,
	`expires` text,
	`disabled` integer DEFAULT 0 NOT NULL,
	`seen` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `token_hash_unique` ON `token` (`hash`);