using Antrea.Migration.Addressing;
using Antrea.Migration.Kind;

namespace Antrea.Migration.Tests.Kind;

public class KindConfigTests
{
    [Test]
    public void Render_OfTwoWorkers_IsApproved()
    {
        var options = new KindClusterOptions { Name = "c2a6", Workers = 2, KubeProxyMode = KubeProxyMode.NfTables };
        Assert.That(KindConfig.Render(options), Is.EqualTo("""
            kind: Cluster
            apiVersion: kind.x-k8s.io/v1alpha4
            name: c2a6
            networking:
              disableDefaultCNI: true
              ipFamily: ipv4
              kubeProxyMode: nftables
              podSubnet: "10.10.0.0/16"
              serviceSubnet: "10.96.0.0/16"
            nodes:
              - role: control-plane
              - role: worker
              - role: worker

            """));
    }

    [Test]
    public void Render_OfTheDefaults_HasTwentyWorkers() =>
        Assert.That(KindConfig.Render(new KindClusterOptions()).Split("- role: worker\n"), Has.Length.EqualTo(21));

    [Test]
    public void Render_OfIPv6_SaysSo()
    {
        var options = new KindClusterOptions
        {
            PodSubnet = Cidr.Parse("fd00:10::/56"),
            ServiceSubnet = Cidr.Parse("fd00:20::/112"),
        };
        Assert.That(
            KindConfig.Render(options), Does.Contain("  ipFamily: ipv6\n").And.Contain("  podSubnet: \"fd00:10::/56\"\n"));
    }

    [Test]
    public void Render_OfNodesThatGetPodCidrsFromElsewhere_TellsTheControllerManager() =>
        Assert.That(
            KindConfig.Render(new KindClusterOptions { Workers = 20, PodSubnet = Cidr.Parse("10.10.0.0/22"), AllocatePodCidrs = false }),
            Does.Contain("  - |2\n    kind: ClusterConfiguration\n    controllerManager:\n      extraArgs:\n        allocate-node-cidrs: \"false\"\n"));

    [Test]
    public void Render_OfPatches_HasEachAsTextOfItsOwn()
    {
        var options = new KindClusterOptions
        {
            Workers = 0,
            KubeadmPatches = ["kind: ClusterConfiguration\ncontrollerManager:\n  extraArgs:\n    node-cidr-mask-size: \"25\"\n", "kind: InitConfiguration"],
        };
        Assert.That(KindConfig.Render(options), Does.EndWith("""
            kubeadmConfigPatches:
              - |2
                kind: ClusterConfiguration
                controllerManager:
                  extraArgs:
                    node-cidr-mask-size: "25"
              - |2
                kind: InitConfiguration
            nodes:
              - role: control-plane

            """));
    }

    [Test]
    public void Validate_OfAnEmptyPatch_SaysSo() =>
        Assert.That(new KindClusterOptions { KubeadmPatches = [" "] }.Validate(), Has.Count.EqualTo(1).And.One.Contains("KubeadmPatches"));

    [TestCase(KubeProxyMode.IpTables, "iptables")]
    [TestCase(KubeProxyMode.Ipvs, "ipvs")]
    [TestCase(KubeProxyMode.None, "none")]
    public void Render_OfAKubeProxyMode_UsesKindsWord(KubeProxyMode mode, string word) =>
        Assert.That(
            KindConfig.Render(new KindClusterOptions { KubeProxyMode = mode }), Does.Contain($"  kubeProxyMode: {word}\n"));

    [Test]
    public void Render_OfOptionsWithSeveralFaults_NamesThemAll()
    {
        var options = new KindClusterOptions
        {
            Name = "-rf",
            Workers = 255,
            ServiceSubnet = Cidr.Parse("10.10.4.0/24"),
            NodeImage = "--help",
            KubeProxyMode = (KubeProxyMode)9,
        };
        Assert.That(
            () => KindConfig.Render(options),
            Throws.ArgumentException.With.Message.Contains("Name is '-rf', but must be")
                .And.Message.Contains("Workers is 255, but must be between 0 and 250.")
                .And.Message.Contains("PodSubnet 10.10.0.0/16 and ServiceSubnet 10.10.4.0/24 overlap.")
                .And.Message.Contains("NodeImage is '--help'")
                .And.Message.Contains("KubeProxyMode is 9"));
    }

    private static IEnumerable<TestCaseData> OptionsAndFault()
    {
        yield return new TestCaseData(new KindClusterOptions(), null);
        yield return new TestCaseData(new KindClusterOptions { Name = new string('a', 49) }, null);
        yield return new TestCaseData(new KindClusterOptions { Name = new string('a', 50) }, "at most 49 characters");
        yield return new TestCaseData(new KindClusterOptions { Name = "" }, "Name is ''");
        yield return new TestCaseData(new KindClusterOptions { Name = "Test" }, "Name is 'Test'");
        yield return new TestCaseData(new KindClusterOptions { Name = "a b" }, "Name is 'a b'");
        yield return new TestCaseData(new KindClusterOptions { Workers = 0 }, null);
        yield return new TestCaseData(
            new KindClusterOptions { PodSubnet = Cidr.Parse("10.10.0.0/20"), Workers = 15 }, null);
        yield return new TestCaseData(
            new KindClusterOptions { PodSubnet = Cidr.Parse("10.10.0.0/20"), Workers = 16 },
            "PodSubnet 10.10.0.0/20 has room for 16 Nodes with a /24 each, but there are 17, the control plane included.");
        yield return new TestCaseData(
            new KindClusterOptions { PodSubnet = Cidr.Parse("10.10.0.0/25"), Workers = 1 }, "has room for 0 Nodes");
        yield return new TestCaseData(
            new KindClusterOptions { PodSubnet = Cidr.Parse("fd00::/56") }, "are not of one family");
    }

    [TestCaseSource(nameof(OptionsAndFault))]
    public void Validate_NamesTheOneFault(KindClusterOptions options, string? fault) =>
        Assert.That(options.Validate(), fault is null ? Is.Empty : Has.Count.EqualTo(1).And.One.Contains(fault));
}
