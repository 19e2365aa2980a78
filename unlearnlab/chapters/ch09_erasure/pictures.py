"""The picture of images: colored ones in rows, each over its caption."""

from ...course.style import Figure, figure, look


@look()
def image_grid(pixels, captions: list[str], rows: int = 1) -> Figure:
    """Images in rows, each over its caption. pixels: (n, 3, h, w) uint8, n a multiple of rows."""
    columns, lines = len(captions) // rows, 1 + captions[0].count("\n")
    size = 1.1 * columns, (0.97 + 0.15 * lines) * rows
    fig, _ = figure(rows, columns, size)
    for ax, image, caption in zip(fig.axes, pixels, captions, strict=True):
        ax.imshow(image.cpu().permute(1, 2, 0).numpy(), interpolation="nearest")
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_xlabel(caption, fontsize=8.5, labelpad=2)
    return fig.done(what=f"{len(captions)} images in {rows} rows: {'; '.join(captions)}")
