"""The curators' morning lists: who is on them, in which order, in which words, as page, workbook, mail and Telegram message."""
