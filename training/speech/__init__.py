"""The speech corpus: voices with phone timing, alignment of human speech, augmentation."""
