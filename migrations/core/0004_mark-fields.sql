CREATE TABLE `mark_field` (
	`id` integer PRIMARY KEY NOT NULL,
	`dataset` text NOT NULL,
	`field` text NOT NULL,
	`few` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `mark_field_name` ON `mark_field` (`dataset`,`field`,`few`);