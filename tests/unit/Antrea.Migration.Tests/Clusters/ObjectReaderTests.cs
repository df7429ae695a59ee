using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Tests.Clusters;

[TestFixture]
internal sealed class ObjectReaderTests
{
    private const string Pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\n";

    [Test]
    public void Read_SeveralDocuments_KeepsOrderAndFirstLines()
    {
        var objects = ObjectReader.Read($"# a comment\n---\n{Pod}---\n# nothing here\n---\n{Pod.Replace("a,", "c,")}...\n", "x.yaml");
        Assert.That(objects.Select(o => (o.ToString(), o.Source)), Is.EqualTo(new[] { ("Pod/b/a", "x.yaml:3"), ("Pod/b/c", "x.yaml:9") }));
    }

    [Test]
    public void Read_KubectlList_GivesItsItems()
    {
        var objects = ObjectReader.Read(
            "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Node\n  metadata:\n    name: n1\n- apiVersion: apps/v1\n  kind: DaemonSet\n  metadata: {name: d, namespace: s}\nkind: List\nmetadata:\n  resourceVersion: \"\"\n",
            "list.yaml");
        Assert.That(
            objects.Select(o => (o.ApiVersion, o.ToString(), o.Source)),
            Is.EqualTo(new[] { ("v1", "Node/n1", "list.yaml:3"), ("apps/v1", "DaemonSet/s/d", "list.yaml:7") }));
    }

    [Test]
    public void Read_TypedList_ItemsInheritApiVersionAndKind()
    {
        var objects = ObjectReader.Read("""{"kind":"IPPoolList","apiVersion":"crd.projectcalico.org/v1","items":[{"metadata":{"name":"p"}}]}""", "x");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(objects.Single().Group, Is.EqualTo("crd.projectcalico.org"));
            Assert.That(objects.Single().Kind, Is.EqualTo("IPPool"));
        }
    }

    [Test]
    public void Read_KindThatOnlyEndsInList_IsAnObject() =>
        Assert.That(
            ObjectReader.Read("apiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: x}\nitems: [1]\n", "x").Single().Kind,
            Is.EqualTo("AllowList"));

    [Test]
    public void Read_JsonWithoutTheExtension_IsReadAsJson() =>
        Assert.That(
            ObjectReader.Read("""
                {"apiVersion":"v1","kind":"Node","metadata":{"name":"a"}}
                {"apiVersion":"v1","kind":"Node","metadata":{"name":"b"}}
                """, "x.yaml").Select(o => o.Source),
            Is.EqualTo(new[] { "x.yaml:1", "x.yaml:2" }));

    [Test]
    public void Read_YamlInFlowStyle_IsNotTakenForBrokenJson() =>
        Assert.That(ObjectReader.Read("{apiVersion: v1, kind: Node, metadata: {name: a}}", "x").Single().Name, Is.EqualTo("a"));

    [TestCase("12", "12")]
    [TestCase("-7", "-7")]
    [TestCase("0", "0")]
    [TestCase("1.50", "1.50")]
    [TestCase("1e3", "1e3")]
    [TestCase("1_000", "1000")]
    [TestCase("0644", "420")]
    [TestCase("0o17", "15")]
    [TestCase("0x1F", "31")]
    [TestCase("-0x10", "-16")]
    [TestCase("0b101", "5")]
    [TestCase("+5", "5")]
    [TestCase("08", "8")]
    [TestCase(".5", "0.5")]
    [TestCase("99999999999999999999999", "99999999999999999999999")]
    [TestCase("true", "true")]
    [TestCase("yes", "true")]
    [TestCase("Off", "false")]
    [TestCase("n", "false")]
    [TestCase("~", "null")]
    [TestCase("", "null")]
    [TestCase("Null", "null")]
    [TestCase("\"12\"", "\"12\"")]
    [TestCase("'yes'", "\"yes\"")]
    [TestCase("!!str 12", "\"12\"")]
    [TestCase("!!int 12", "12")]
    [TestCase("2023-10-14", "\"2023-10-14\"")]
    [TestCase("2023-10-14T12:13:14Z", "\"2023-10-14T12:13:14Z\"")]
    [TestCase("10.10.0.0/16", "\"10.10.0.0/16\"")]
    [TestCase("1.2.3", "\"1.2.3\"")]
    [TestCase("12:30:45", "\"12:30:45\"")]
    [TestCase("0x", "\"0x\"")]
    [TestCase("1e999", "\"1e999\"")]
    [TestCase("yEs", "\"yEs\"")]
    public void Read_Scalar_MeansWhatItMeansToKubernetes(string yaml, string json) =>
        Assert.That(ObjectReader.ReadValue($"v: {yaml}\n", "x")!["v"]?.ToJsonString() ?? "null", Is.EqualTo(json));

    [Test]
    public void Read_NumbersOfYamlAndJson_AnswerAlike()
    {
        var yaml = ObjectReader.ReadValue("v: 12", "x")!["v"]!.AsValue();
        var json = ObjectReader.ReadValue("""{"v": 12}""", "x")!["v"]!.AsValue();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(yaml.TryGetValue<int>(out _) && yaml.TryGetValue<long>(out _), Is.True);
            Assert.That(json.TryGetValue<int>(out _) && json.TryGetValue<long>(out _), Is.True);
        }
    }

    [Test]
    public void Read_AnchorsAliasesAndMergeKeys_AreExpanded()
    {
        var value = ObjectReader.ReadValue("base: &b {x: 1, y: 2}\nuse: *b\nmore:\n  <<: *b\n  y: 3\n", "x");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(value!["use"]!.ToJsonString(), Is.EqualTo("""{"x":1,"y":2}"""));
            Assert.That(JsonNode.DeepEquals(value["more"], JsonNode.Parse("""{"x":1,"y":3}""")), Is.True);
        }
    }

    [TestCaseSource(nameof(Broken))]
    public void Read_Broken_SaysWhereAndWhat(string text, string expected)
    {
        var error = Assert.Throws<InputException>(() => ObjectReader.Read(text, "x.yaml"));
        Assert.That(error!.Message, Does.Contain(expected));
    }

    [Test]
    public void Read_AliasBomb_IsRefusedBeforeItIsBuilt()
    {
        var text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 12; i++)
        {
            text.Append($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        }

        var error = Assert.Throws<InputException>(() => ObjectReader.Read(text.ToString(), "bomb.yaml"))!.Errors.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Message, Does.Contain("stand for more than 100000 values"));
            Assert.That(error.Line, Is.InRange(4, 6));
            Assert.That(error.Field, Does.StartWith("a4").Or.StartWith("a5"));
        }
    }

    [Test]
    public void Read_NestedTooDeep_IsRefusedInBothForms()
    {
        var deep = new string('[', 101) + new string(']', 101);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => ObjectReader.ReadValue($"v: {deep[2..^2]}", "x"), Throws.Nothing);
            Assert.That(() => ObjectReader.ReadValue($"v: {deep}", "x"), Throws.TypeOf<InputException>().With.Message.Contains("deeper than 100 levels"));
            Assert.That(() => ObjectReader.ReadValue(deep, "x"), Throws.TypeOf<InputException>().With.Message.Contains("depth"));
            Assert.That(() => ObjectReader.ReadValue(new string('[', 1_000_000), "x"), Throws.TypeOf<InputException>());
        }
    }

    [Test]
    public void Read_DocumentTooLong_IsRefused()
    {
        var limits = ReadLimits.Default with { DocumentCharacters = 60 };
        var objects = new List<ClusterObject>();
        var errors = new List<InputError>();
        ObjectReader.Read($"{Pod}---\n{Pod.Replace("name: a", "name: " + new string('a', 50))}", "x", limits, objects, errors);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(objects, Has.Count.EqualTo(1));
            Assert.That(errors.Single().ToString(), Does.Contain("(document 2)").And.Contain("longer than 60 characters"));
        }
    }

    [Test]
    public void Read_SeveralFaults_AreAllNamed()
    {
        var error = Assert.Throws<InputException>(() => ObjectReader.Read(
            "apiVersion: v1\nkind: Pod\nmetadata: {}\n---\nkind: Node\nmetadata: {name: w1}\nspec: {a: 1, a: 2}\n---\n- 1\n", "x.yaml"))!;
        Assert.That(
            error.Errors.Select(e => e.ToString()),
            Is.EqualTo(new[]
            {
                "x.yaml:1:1 (document 1): Pod/?: field 'metadata.name': is missing; every Kubernetes object has apiVersion, kind and metadata.name",
                "x.yaml:7:14 (document 2): field 'spec.a': the key 'a' appears twice in one mapping",
                "x.yaml:5:1 (document 2): Node/w1: field 'apiVersion': is missing; every Kubernetes object has apiVersion, kind and metadata.name",
                "x.yaml:9:1 (document 3): a Kubernetes object is expected here, not a list",
            }));
    }

    private static IEnumerable<TestCaseData> Broken()
    {
        TestCaseData Case(string name, string text, string expected) => new TestCaseData(text, expected).SetArgDisplayNames(name);
        yield return Case("tab", "a:\n\tb: 1\n", "x.yaml:1");
        yield return Case("open quote", "a: 1\nb: \"x\nc: 2\n", "x.yaml:2:4");
        yield return Case("second colon", "a:\n  b: c: d\n", "x.yaml:2:");
        yield return Case("field of a syntax error", "spec:\n  list:\n  - ok\n  - [1, 2\n", "field 'spec.list[1]");
        yield return Case("alias without anchor", "a: *nobody\n", "x.yaml:1:4 (document 1): field 'a': the alias '*nobody' has no anchor");
        yield return Case("alias within itself", "a: &x [*x]\n", "stands within the value it stands for");
        yield return Case("anchor within itself", "a: &x [&x 1]\n", "used again within itself");
        yield return Case("foreign tag", "a: !!python/object:os.system x\n", "is not supported");
        yield return Case("tag that does not fit", "a: !!int x\n", "is not of the type");
        yield return Case("not a number", "a: .nan\n", "has no counterpart in JSON");
        yield return Case("mapping as key", "? {a: 1}\n: 2\n", "a key must be a text");
        yield return Case("missing key", ": 2\n", "a key is missing");
        yield return Case("merge of a text", "<<: x\n", "takes a mapping");
        yield return Case("json cut off", "{\n \"a\": [1,\n", "this is not JSON");
        yield return Case("json duplicate key", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\n \"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}", "x.yaml:2:2 (document 1): field 'kind': the key 'kind' appears twice");
        yield return Case("json half surrogate", "{\"a\": \"\\ud800\"}", "half of a surrogate pair");
        yield return Case("flow style cut off", "a: [1\nb: }", "this is not YAML");
        yield return Case("flow style in a second document", "{apiVersion: v1, kind: Node, metadata: {name: a}}\n---\n{a: [}\n", "x.yaml:3:6 (document 2): field 'a': this is not YAML");
        yield return Case("flow style, not a number", "{apiVersion: v1, kind: Node, metadata: {name: .inf}}\n", "x.yaml:1:47 (document 1): field 'metadata.name': '.inf' has no counterpart in JSON");
        yield return Case("text", "hello\n", "not 'hello'");
        yield return Case("list item that is no object", "apiVersion: v1\nkind: List\nitems:\n- 5\n", "field 'items[0]': a Kubernetes object is expected here, not '5'");
        yield return Case("list item without kind", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  metadata: {name: a}\n", "x.yaml:4:3 (document 1): ?/a: field 'items[0].kind': is missing");
        yield return Case("name that is a number", "apiVersion: v1\nkind: Pod\nmetadata: {name: 5}\n", "field 'metadata.name': must be a text, not '5'");
    }

    /// <summary>All texts of up to four pieces: whatever they are, the reader says so and does not fail.</summary>
    [Test]
    public void Read_BrokenTexts_AreObjectsOrErrors()
    {
        string[] pieces = ["a", ": ", "[", "]", "{", "}", ", ", "\n", "- ", "\"", "&x ", "*x", "|", "? "];
        var texts = new List<string> { "" };
        var failed = new List<string>();
        for (var length = 1; length <= 4; length++)
        {
            texts = [.. texts.SelectMany(t => pieces.Select(p => t + p))];
            failed.AddRange(texts.Where(t => FaultOf(t) is not null));
        }

        Assert.That(failed.Take(10).Select(t => $"{t.ReplaceLineEndings("\\n")} → {FaultOf(t)}"), Is.Empty);

        static string? FaultOf(string text)
        {
            try
            {
                ObjectReader.Read(text, "x.yaml");
                return null;
            }
            catch (InputException)
            {
                return null;
            }
            catch (Exception e)
            {
                return e.GetType().Name;
            }
        }
    }

    [Test]
    public void Read_ANulInTheText_IsRefusedWithItsPlace() =>
        Assert.That(
            () => ObjectReader.Read("apiVersion: v1\nkind: Pod\n\0metadata: {name: a}\n", "saved.yaml"),
            Throws.TypeOf<InputException>().With.Message.Contains("saved.yaml"));
}
