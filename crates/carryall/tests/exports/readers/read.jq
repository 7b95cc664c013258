# Reads an export file and prints what stands in it.
(to_entries[] | select(.value | type == "array") | "\(.key) \(.value | length)\n"),
(.messages[] | "\(.id)\n\(.content // "")\n")
