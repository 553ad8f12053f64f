CREATE TABLE `parcel` (
	`id` text PRIMARY KEY NOT NULL,
	`device` text NOT NULL,
	`account` text NOT NULL,
	`carrier` text NOT NULL,
	`way` text NOT NULL,
	`made` text NOT NULL,
	`at` text NOT NULL,
	`revoked` integer DEFAULT 0 NOT NULL,
	`arrived` integer NOT NULL,
	`repeated` integer NOT NULL,
	`photos` integer NOT NULL,
	`photos_left` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `parcel_act` (
	`act` text PRIMARY KEY NOT NULL,
	`parcel` text NOT NULL,
	`fate` text NOT NULL,
	`request` text,
	`message` text,
	`decided_by` text,
	`decided_at` text
);
--> statement-breakpoint
CREATE INDEX `parcel_act_parcel` ON `parcel_act` (`parcel`);