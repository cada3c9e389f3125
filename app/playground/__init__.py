"""The parts of the Playground: forms, columns, chat, arena, batches and history."""
