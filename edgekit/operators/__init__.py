"""What an operator needs and which runtime has it: versions, tables, known faults."""
