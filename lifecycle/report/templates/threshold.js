// The slider of reports/decision.html: what the page says of the threshold in use, said of another one.
const box = document.getElementById("try"), facts = JSON.parse(box.dataset.facts), slider = document.getElementById("slider");
const put = (id, text) => { const element = document.getElementById(id); if (element) element.textContent = text; };
const share = (part, whole) => whole ? (100 * part / whole).toFixed(part && part < whole && part / whole < 0.1 ? 1 : 0) + "%" : "–";
const digits = number => Number(number.toPrecision(3)).toLocaleString("en");
function tell() {
  const [at, tp, fp] = facts.cuts[slider.value], called = tp + fp, missed = facts.positive - tp;
  put("at", digits(at));
  put("called", called.toLocaleString("en") + " (" + share(called, facts.rows) + ")");
  put("precision", share(tp, called));
  put("recall", share(tp, facts.positive));
  if (facts.costs) {
    const cost = facts.costs.false_positive * fp + facts.costs.false_negative * missed - facts.costs.true_positive * tp;
    put("cost", digits(cost / facts.rows));
  }
  const right = facts.rows - called - missed;
  let text = tp + " true positives, " + fp + " false positives, " + missed + " false negatives (missed), " + right + " true negatives.";
  if (facts.capacity && called > facts.capacity * facts.rows) text += " More than can be acted on.";
  put("counts", text);
  put("line", "To use it: train: {threshold: " + Number(at.toPrecision(6)) + "} in params.yaml.");
  const [left, top, width, height] = facts.plane, x = (left + width * at).toFixed(1);
  for (const mark of document.querySelectorAll("#moved .mark")) mark.setAttribute("d", "M" + x + " " + top + "v" + height);
}
let nearest = 0;
facts.cuts.forEach((cut, i) => { if (Math.abs(cut[0] - facts.threshold) < Math.abs(facts.cuts[nearest][0] - facts.threshold)) nearest = i; });
slider.value = nearest;
slider.addEventListener("input", tell);
box.hidden = false;
tell();
