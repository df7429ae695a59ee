using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;
using CsCheck;

namespace Antrea.Migration.IntegrationTests.ControlPlane;

[Parallelizable(ParallelScope.All)]
internal sealed class PatchTests
{
    private const string Workload = """
        { "spec": { "template": { "spec": {
            "containers": [
              { "name": "a", "image": "a:1", "env": [ { "name": "X", "value": "1" }, { "name": "Y", "value": "2" } ], "args": [ "p", "q" ],
                "ports": [ { "containerPort": 80 }, { "containerPort": 81 } ] },
              { "name": "b", "image": "b:1" } ],
            "tolerations": [ { "key": "k" } ] } } },
          "metadata": { "finalizers": [ "f", "g" ] } }
        """;

    private static readonly Gen<JsonNode?> AnyJson = Gen.Recursive<JsonNode?>((depth, inner) => depth > 2
        ? Leaf
        : Gen.Frequency(
            (3, Leaf),
            (3, Gen.Select(Gen.Char['a', 'e'].Select(c => c.ToString()), inner).Array[0, 4].Select(fields =>
            {
                var obj = new JsonObject();
                foreach (var (field, value) in fields)
                {
                    obj[field] = value?.DeepClone();
                }

                return (JsonNode?)obj;
            })),
            (1, inner.Array[0, 3].Select(items => (JsonNode?)new JsonArray([.. items.Select(i => i?.DeepClone())])))));

    private static Gen<JsonNode?> Leaf => Gen.OneOf(
        Gen.Int[0, 3].Select(i => (JsonNode?)JsonValue.Create(i)), Gen.Char['a', 'c'].Select(c => (JsonNode?)JsonValue.Create(c.ToString())));

    private static JsonNode? Parse(string text) => JsonNode.Parse(text);

    private static bool Same(JsonNode? left, JsonNode? right) => JsonNode.DeepEquals(left, right);

    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"b","image":"b:2"}]}}}}""", "containers/1/image", "\"b:2\"")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"c"}]}}}}""", "containers/0/name", "\"c\"")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"a","$patch":"delete"}]}}}}""", "containers/0/name", "\"b\"")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"c"},{"$patch":"replace"}]}}}}""", "containers", """[{"name":"c"}]""")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"a","env":[{"name":"X","$patch":"delete"}]}]}}}}""", "containers/0/env", """[{"name":"Y","value":"2"}]""")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"a","args":["r"]}]}}}}""", "containers/0/args", """["r"]""")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"a","ports":[{"containerPort":81,"name":"x"}]}]}}}}""", "containers/0/ports/1/name", "\"x\"")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"a","image":null}]}}}}""", "containers/0/image", null)]
    [TestCase("""{"spec":{"template":{"spec":{"tolerations":[{"key":"m"}]}}}}""", "tolerations", """[{"key":"m"}]""")]
    [TestCase("""{"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}}}}""", "containers/0/name", "\"b\"")]
    [TestCase("""{"spec":{"template":{"spec":{"$retainKeys":["tolerations"],"tolerations":[]}}}}""", "containers", null)]
    public void Strategic_merge_patch_merges_lists_by_their_keys(string patch, string path, string? expected)
    {
        var result = StrategicMergePatch.Apply(TestCluster.Json(Workload), Parse(patch)).At("spec", "template", "spec");
        foreach (var part in path.Split('/'))
        {
            result = int.TryParse(part, out var index) ? result![index] : result.At(part);
        }

        Assert.That(result?.ToJsonString(), Is.EqualTo(expected));
    }

    [Test]
    public void Strategic_merge_patch_treats_finalizers_as_a_set()
    {
        var more = StrategicMergePatch.Apply(TestCluster.Json(Workload), Parse("""{"metadata":{"finalizers":["g","h"]}}"""));
        var less = StrategicMergePatch.Apply(more, Parse("""{"metadata":{"$deleteFromPrimitiveList/finalizers":["f"]}}"""));
        Assert.That(less.Texts("metadata", "finalizers"), Is.EqualTo((string[])["g", "h"]));
    }

    [TestCase("""[{"op":"add","path":"/spec/x","value":1}]""", """{"spec":{"l":[1,2],"x":1},"a/b":{"~":0}}""")]
    [TestCase("""[{"op":"add","path":"/spec/l/1","value":9}]""", """{"spec":{"l":[1,9,2]},"a/b":{"~":0}}""")]
    [TestCase("""[{"op":"add","path":"/spec/l/-","value":9}]""", """{"spec":{"l":[1,2,9]},"a/b":{"~":0}}""")]
    [TestCase("""[{"op":"remove","path":"/spec/l/0"}]""", """{"spec":{"l":[2]},"a/b":{"~":0}}""")]
    [TestCase("""[{"op":"replace","path":"/a~1b/~0","value":1}]""", """{"spec":{"l":[1,2]},"a/b":{"~":1}}""")]
    [TestCase("""[{"op":"move","from":"/a~1b","path":"/spec/m"}]""", """{"spec":{"l":[1,2],"m":{"~":0}}}""")]
    [TestCase("""[{"op":"copy","from":"/spec/l","path":"/c"}]""", """{"spec":{"l":[1,2]},"a/b":{"~":0},"c":[1,2]}""")]
    [TestCase("""[{"op":"test","path":"/spec/l","value":[1,2]},{"op":"remove","path":"/spec"}]""", """{"a/b":{"~":0}}""")]
    public void Json_patch_does_its_six_operations(string patch, string expected)
    {
        var result = JsonPatch.Apply(TestCluster.Json("""{"spec":{"l":[1,2]},"a/b":{"~":0}}"""), Parse(patch));
        Assert.That(Same(result, Parse(expected)), Is.True, result.ToJsonString());
    }

    [TestCase("""[{"op":"test","path":"/a","value":2}]""")]
    [TestCase("""[{"op":"remove","path":"/b"}]""")]
    [TestCase("""[{"op":"replace","path":"/l/3","value":2}]""")]
    [TestCase("""[{"op":"add","path":"/x/y","value":2}]""")]
    [TestCase("""[{"op":"add","path":"/l/01x","value":2}]""")]
    [TestCase("""[{"op":"frob","path":"/a"}]""")]
    [TestCase("""{"op":"remove"}""")]
    public void Json_patch_refuses_what_cannot_be_done(string patch) =>
        Assert.That(() => JsonPatch.Apply(TestCluster.Json("""{"a":1,"l":[1]}"""), Parse(patch)), Throws.TypeOf<ApiException>());

    [Test]
    public void Merge_patch_made_from_a_difference_leads_from_one_to_the_other()
    {
        // RFC 7396 cannot say null, so neither does the generator; the difference is the obvious one.
        static JsonObject Difference(JsonObject from, JsonObject to)
        {
            var patch = new JsonObject();
            foreach (var field in from.Select(e => e.Key).Union(to.Select(e => e.Key)))
            {
                if (!to.ContainsKey(field))
                {
                    patch[field] = null;
                }
                else if (from[field] is JsonObject left && to[field] is JsonObject right)
                {
                    patch[field] = Difference(left, right);
                }
                else if (!Same(from[field], to[field]))
                {
                    patch[field] = to[field]?.DeepClone();
                }
            }

            return patch;
        }

        var objects = AnyJson.Where(j => j is JsonObject).Select(j => (JsonObject)j!);
        Gen.Select(objects, objects).Sample((from, to) => Same(MergePatch.Apply(from, Difference(from, to)), to));
    }

    [Test]
    public void Json_patch_add_then_remove_is_nothing()
    {
        var objects = AnyJson.Where(j => j is JsonObject).Select(j => (JsonObject)j!);
        Gen.Select(objects, AnyJson).Sample((obj, value) =>
        {
            var add = new JsonArray(new JsonObject { ["op"] = "add", ["path"] = "/new", ["value"] = value?.DeepClone() });
            var remove = Parse("""[{"op":"remove","path":"/new"}]""");
            return Same(JsonPatch.Apply(JsonPatch.Apply(obj, add), remove), obj);
        });
    }
}
