"""The page of a web bundle: template, style, JavaScript, and what puts them together."""
