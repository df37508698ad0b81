"""What the recipes on pictures share: data, augmentation, boxes, average precision."""
