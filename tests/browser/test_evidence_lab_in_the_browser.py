"""Does EvidenceLab answer every control in a real browser?"""


def test_evidence_lab_follows_its_controls(lab):
    lab.open("13_is_it_forgotten.ipynb")
    lab.run_labs()
    lab.wait_for_text("U-LiRA of MinNorm-OG")
    for key in ("End", "Home", "ArrowRight"):
        with lab.new_picture():
            lab.slider("example").press(key)
    for description, choice, says in (
        ("method", "KL-Unif", "U-LiRA of KL-Unif"),
        ("metric", "KLoM", "KLoM of KL-Unif"),
        ("asked about", "unseen examples", "KLoM of KL-Unif"),
    ):
        with lab.new_picture():
            lab.page.get_by_label(description, exact=True).select_option(choice)
        lab.wait_for_text(says)
    lab.screenshot("evidence-lab", of=".jp-OutputArea-output:has(.widget-slider)")
    with lab.new_picture():
        lab.page.get_by_label("metric", exact=True).select_option("membership attack")
    lab.wait_for_text("membership attack of KL-Unif")
    with lab.new_picture():
        lab.slider("network").press("ArrowRight")
    lab.screenshot("evidence-lab-attack", of=".jp-OutputArea-output:has(.widget-slider)")
    lab.assert_clean()
