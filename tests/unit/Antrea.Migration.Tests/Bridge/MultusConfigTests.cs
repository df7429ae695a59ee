using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Bridge;

namespace Antrea.Migration.Tests.Bridge;

public sealed class MultusConfigTests
{
    private const string Calico =
        """
        {"name":"k8s-pod-network","cniVersion":"0.3.1","plugins":[
          {"type":"calico","datastore_type":"kubernetes","nodename":"c2a6-worker","ipam":{"type":"calico-ipam"},"policy":{"type":"k8s"},
           "kubernetes":{"kubeconfig":"/etc/cni/net.d/calico-kubeconfig"}},
          {"type":"portmap","snat":true,"capabilities":{"portMappings":true}},
          {"type":"bandwidth","capabilities":{"bandwidth":true}}]}
        """;

    private const string AntreaFile =
        """
        {"cniVersion":"0.3.0","name":"antrea","plugins":[
          {"type":"antrea","ipam":{"type":"host-local"}},
          {"type":"portmap","capabilities":{"portMappings":true}},
          {"type":"bandwidth","capabilities":{"bandwidth":true}}]}
        """;

    private static readonly ImmutableArray<Cidr> Peers = [Cidr.Parse("10.10.0.0/24"), Cidr.Parse("10.10.2.0/24")];
    private static readonly ImmutableArray<Cidr> Services = [Cidr.Parse("10.96.0.0/16")];

    [Test]
    public void DelegateToCalico_KeepsTheConflistAsItIs()
    {
        var config = Parse(MultusConfig.DelegateToCalico(Calico, "c2a6-worker"));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(config["type"]!.ToString(), Is.EqualTo("multus"));
            Assert.That(config["capabilities"]!["portMappings"]!.GetValue<bool>(), Is.True);
            Assert.That(config["kubeconfig"], Is.Null, "Multus must not need the API server");
            Assert.That(config["clusterNetwork"], Is.Null, "it would make Multus ignore the delegates");
            Assert.That(config["delegates"]!.AsArray(), Has.Count.EqualTo(1));
            Assert.That(JsonNode.DeepEquals(config["delegates"]![0], JsonNode.Parse(Calico)), Is.True);
        }
    }

    [Test]
    public void DelegateToBoth_CalicoIsMasterAndAntreaHasNoDefaultInMain()
    {
        var config = Parse(MultusConfig.DelegateToBoth(Calico, AntreaFile, "c2a6-worker", Peers, Services));

        var antrea = config["delegates"]![1]!;
        var routes = antrea["plugins"]![0]!["ipam"]!["routes"]!.AsArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(MultusConfig.DelegatesOf(config.ToJsonString()), Is.EqualTo((string[])["calico", "antrea"]));
            Assert.That(antrea["name"]!.ToString(), Is.EqualTo("antrea"), "the name selects host-local's store; another one would give addresses out twice");
            Assert.That(antrea["cniVersion"]!.ToString(), Is.EqualTo("0.3.0"));
            Assert.That(antrea["plugins"]!.AsArray().Select(p => p!["type"]!.ToString()), Is.EqualTo((string[])["antrea", "bandwidth"]));
            Assert.That(routes[0]!["dst"]!.ToString(), Is.EqualTo("0.0.0.0/0"));
            Assert.That(routes[0]!["table"]!.GetValue<int>(), Is.EqualTo(MultusConfig.ParkedDefaultTable));
            Assert.That(
                routes.Skip(1).Select(r => r!["dst"]!.ToString()), Is.EqualTo((string[])["10.10.0.0/24", "10.10.2.0/24", "10.96.0.0/16"]));
            Assert.That(routes.Skip(1), Has.All.Matches<JsonNode?>(r => r!["table"] is null));
        }
    }

    [Test]
    public void DelegateToAntrea_IsAntreasOwnConflist()
    {
        var config = Parse(MultusConfig.DelegateToAntrea(AntreaFile));

        Assert.That(JsonNode.DeepEquals(config["delegates"]![0], JsonNode.Parse(AntreaFile)), Is.True);
    }

    [Test]
    public void DelegateToCalico_AnotherNodesFile_IsRefusedByName() =>
        Assert.That(
            () => MultusConfig.DelegateToCalico(Calico, "c2a6-worker2"),
            Throws.TypeOf<FormatException>().With.Message.Contains("c2a6-worker2").And.Message.Contains("nodename 'c2a6-worker'"));

    [TestCase("{", "is not JSON")]
    [TestCase("[]", "is not a JSON object")]
    [TestCase("""{"plugins":[{"type":"flannel"}]}""", "no plugin of type 'antrea'")]
    [TestCase("""{"type":"antrea"}""", "no plugin of type 'antrea'")]
    public void DelegateToAntrea_NoConflistOfAntreas_SaysSo(string text, string message) =>
        Assert.That(() => MultusConfig.DelegateToAntrea(text), Throws.TypeOf<FormatException>().With.Message.Contains(message));

    [TestCase("")]
    [TestCase("{}")]
    [TestCase("""{"name":"multus-cni-network","type":"multus","delegates":[{"plugins":[{"type":"calico"}]}]}""")]
    [TestCase("""{"name":"antrea-migration","delegates":[{}]}""")]
    public void DelegatesOf_AFileThatIsNotOurs_IsEmpty(string text) => Assert.That(MultusConfig.DelegatesOf(text), Is.Empty);

    private static JsonObject Parse(string text) => (JsonObject)JsonNode.Parse(text)!;
}
