"""What the user chose: one typed, versioned model, migrated stepwise and stored atomically."""
