"""Image data: loading, augmentation, batches. Importing it imports torch."""

from archir.search.data.augment import Augmentation
from archir.search.data.batches import Batch, BatchStream, split_train
from archir.search.data.images import Data, Images
from archir.search.data.load import load_data

__all__ = ["Augmentation", "Batch", "BatchStream", "Data", "Images", "load_data", "split_train"]
