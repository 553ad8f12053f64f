CREATE TABLE `given` (
	`peer` text NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`seq` integer NOT NULL,
	PRIMARY KEY(`peer`, `kind`, `name`)
);
--> statement-breakpoint
CREATE INDEX `given_seq` ON `given` (`peer`,`seq`);--> statement-breakpoint
CREATE TABLE `package_aside` (
	`id` text PRIMARY KEY NOT NULL,
	`node` text NOT NULL,
	`seq` integer NOT NULL,
	`name` text NOT NULL,
	`act` text NOT NULL,
	`reason` text NOT NULL,
	`tries` integer NOT NULL,
	`at` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `package_aside_package` ON `package_aside` (`node`,`seq`);--> statement-breakpoint
CREATE TABLE `package_in` (
	`pid` integer PRIMARY KEY NOT NULL,
	`node` text NOT NULL,
	`seq` integer NOT NULL,
	`file` text NOT NULL,
	`bytes` integer NOT NULL,
	`manifest_sha256` text NOT NULL,
	`count` integer NOT NULL,
	`datasets` text NOT NULL,
	`state` text NOT NULL,
	`carrier` text NOT NULL,
	`arrived_at` text NOT NULL,
	`settled_at` text,
	`done` integer DEFAULT 0 NOT NULL,
	`repeated` integer DEFAULT 0 NOT NULL,
	`asked` integer DEFAULT 0 NOT NULL,
	`code` text,
	`reason` text,
	`receipt` text,
	`told` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `package_in_one` ON `package_in` (`node`,`seq`,`manifest_sha256`);--> statement-breakpoint
CREATE INDEX `package_in_state` ON `package_in` (`state`,`told`);--> statement-breakpoint
CREATE TABLE `package_out` (
	`peer` text NOT NULL,
	`seq` integer NOT NULL,
	`file` text NOT NULL,
	`bytes` integer NOT NULL,
	`sha256` text NOT NULL,
	`manifest_sha256` text NOT NULL,
	`from_seq` integer NOT NULL,
	`to_seq` integer NOT NULL,
	`count` integer NOT NULL,
	`omitted` integer NOT NULL,
	`datasets` text NOT NULL,
	`state` text NOT NULL,
	`cut_at` text NOT NULL,
	`sent_at` text,
	`received_at` text,
	`settled_at` text,
	`carrier` text,
	`upload` text,
	`reason` text,
	`receipt` text,
	PRIMARY KEY(`peer`, `seq`)
);
--> statement-breakpoint
CREATE INDEX `package_out_state` ON `package_out` (`peer`,`state`);--> statement-breakpoint
CREATE TABLE `peer` (
	`node` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`division` text NOT NULL,
	`relation` text NOT NULL,
	`address` text,
	`keys` text NOT NULL,
	`database` text,
	`policy` text NOT NULL,
	`accepts` text NOT NULL,
	`token_hash` text,
	`token` text,
	`disabled` integer DEFAULT 0 NOT NULL,
	`added` text NOT NULL,
	`confirmed` integer DEFAULT 0 NOT NULL,
	`looked` integer DEFAULT 0 NOT NULL,
	`base_seq` integer DEFAULT 0 NOT NULL,
	`base_hash` text,
	`answered_at` text,
	`down_since` text,
	`fault` text,
	`tries` integer DEFAULT 0 NOT NULL,
	`try_at` text,
	`confirmed_at` text,
	`note` text
);
--> statement-breakpoint
CREATE TABLE `route` (
	`origin` text PRIMARY KEY NOT NULL,
	`peer` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `spoken` (
	`node` text NOT NULL,
	`dataset` text NOT NULL,
	`version` integer NOT NULL,
	`since` integer NOT NULL,
	`spec` text,
	PRIMARY KEY(`node`, `dataset`, `version`)
);
