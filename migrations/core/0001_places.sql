-- What drizzle-kit cannot say: the R*Tree over each record's place (bounding box in degrees; rowid = record.rid).
create virtual table place_box using rtree(rid, west, east, south, north);
