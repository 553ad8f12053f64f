-- What drizzle-kit cannot say: the one index over all indexed fields, a table that is its own B-tree.
create table mark (field integer not null, value not null, rid integer not null, primary key (field, value, rid)) without rowid;
