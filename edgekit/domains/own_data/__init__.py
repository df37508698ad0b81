"""A user's own data: folders of pictures and sounds, tables, boxes and masks; splits of them."""
