using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Tests.Clusters;

public class LabelSelectorTests
{
    private static readonly Dictionary<string, string> Labels = new() { ["app"] = "web", ["tier"] = "front" };

    [TestCase("""{}""", ExpectedResult = true)]
    [TestCase("""{ "matchLabels": { "app": "web" } }""", ExpectedResult = true)]
    [TestCase("""{ "matchLabels": { "app": "web", "tier": "back" } }""", ExpectedResult = false)]
    [TestCase("""{ "matchLabels": { "absent": "" } }""", ExpectedResult = false)]
    [TestCase("""{ "matchExpressions": [{ "key": "app", "operator": "In", "values": ["db", "web"] }] }""", ExpectedResult = true)]
    [TestCase("""{ "matchExpressions": [{ "key": "app", "operator": "In", "values": ["db"] }] }""", ExpectedResult = false)]
    [TestCase("""{ "matchExpressions": [{ "key": "app", "operator": "NotIn", "values": ["web"] }] }""", ExpectedResult = false)]
    [TestCase("""{ "matchExpressions": [{ "key": "absent", "operator": "NotIn", "values": ["web"] }] }""", ExpectedResult = true)]
    [TestCase("""{ "matchExpressions": [{ "key": "app", "operator": "Exists" }] }""", ExpectedResult = true)]
    [TestCase("""{ "matchExpressions": [{ "key": "app", "operator": "DoesNotExist" }] }""", ExpectedResult = false)]
    [TestCase("""{ "matchExpressions": [{ "key": "absent", "operator": "DoesNotExist" }] }""", ExpectedResult = true)]
    [TestCase("""{ "matchExpressions": [{ "key": "app", "operator": "Gt", "values": ["1"] }] }""", ExpectedResult = true)]
    [TestCase("""{ "matchLabels": { "app": "db" }, "matchExpressions": [{ "key": "app", "operator": "Exists" }] }""", ExpectedResult = false)]
    public bool FromAccepted_ASelector_MatchesAsTheApiServerDoes(string selector) =>
        LabelSelector.FromAccepted(JsonNode.Parse(selector))!.Matches(Labels);

    [Test]
    public void FromAccepted_Nothing_SelectsNothing() => Assert.That(LabelSelector.FromAccepted(null), Is.Null);

    [TestCase("""{ "app": "web" }""", ExpectedResult = true)]
    [TestCase("""{ "app": "web", "tier": "front" }""", ExpectedResult = true)]
    [TestCase("""{ "app": "web", "zone": "a" }""", ExpectedResult = false)]
    [TestCase("""{}""", ExpectedResult = null)]
    [TestCase("""null""", ExpectedResult = null)]
    public bool? FromService_AMap_MatchesAllLabelsAndNothingWhenEmpty(string map) =>
        LabelSelector.FromService(JsonNode.Parse(map))?.Matches(Labels);

    [TestCase("In", ExpectedResult = "In")]
    [TestCase("DoesNotExist", ExpectedResult = "DoesNotExist")]
    [TestCase("in", ExpectedResult = null)]
    [TestCase("0", ExpectedResult = null)]
    [TestCase("In, Exists", ExpectedResult = null)]
    [TestCase(null, ExpectedResult = null)]
    public string? ParseOperator_AText_IsExact(string? text) => LabelSelector.ParseOperator(text)?.ToString();
}
