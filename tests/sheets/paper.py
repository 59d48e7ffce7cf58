"""PDFs read back: their words by page, and what lies on top of what."""

from __future__ import annotations

import pypdfium2 as pdfium


def pages(pdf: bytes) -> list[str]:
    """The words of every page, on one line."""
    return [" ".join(page.get_textpage().get_text_bounded().split()) for page in pdfium.PdfDocument(pdf)]


def overlaps(pdf: bytes) -> list[tuple[str, str]]:
    """Pairs of words of which more than a fifth of the smaller one lies under the other, and words off the page."""
    bad = []
    for page in pdfium.PdfDocument(pdf):
        text = page.get_textpage()
        boxes = [text.get_rect(n) for n in range(text.count_rects())]
        boxes = [(left, low, right, high) for left, low, right, high in boxes if right > left and high > low]
        width, height = page.get_size()
        for number, (left, low, right, high) in enumerate(boxes):
            if left < 36 or right > width - 36 or low < 20 or high > height - 30:
                bad.append((text.get_text_bounded(left, low, right, high), "off the page"))
            for other in boxes[:number]:
                across = min(right, other[2]) - max(left, other[0])
                up = min(high, other[3]) - max(low, other[1])
                smaller = min((right - left) * (high - low), (other[2] - other[0]) * (other[3] - other[1]))
                if across > 0 and up > 0 and across * up > smaller / 5:
                    both = ((left, low, right, high), other)
                    bad.append((text.get_text_bounded(*both[0]), text.get_text_bounded(*both[1])))
    return bad
