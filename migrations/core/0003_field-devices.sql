CREATE TABLE `field_device` (
	`id` text PRIMARY KEY NOT NULL,
	`account` text NOT NULL,
	`name` text NOT NULL,
	`hash` text NOT NULL,
	`created` text NOT NULL,
	`seen` text,
	`waiting` integer,
	`revoked` text,
	`wiped` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `field_device_hash_unique` ON `field_device` (`hash`);