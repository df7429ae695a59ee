using System.Collections.Immutable;
using Antrea.Migration.Bridge;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Tests.Bridge;

public sealed class MultusManifestTests
{
    private const string Thin =
        """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: kube-multus-ds, namespace: kube-system}
        spec:
          template:
            spec:
              containers:
              - name: kube-multus
                image: multus-cni:v4.2.4
                command: [/thin_entrypoint]
                args: [--multus-conf-file=auto, --multus-autoconfig-dir=/host/etc/cni/net.d, --cni-conf-dir=/host/etc/cni/net.d]
                volumeMounts: [{name: multus-cfg, mountPath: /tmp/multus-conf}]
        """;

    [TestCase("--multus-conf-file=auto, --multus-autoconfig-dir=/host/etc/cni/net.d, --cni-conf-dir=/host/etc/cni/net.d")]
    [TestCase("--multus-conf-file, auto, --multus-autoconfig-dir=/host/etc/cni/net.d")]
    [TestCase("--multus-autoconfig-dir=/host/etc/cni/net.d, --cni-conf-dir, /host/etc/cni/net.d")]
    public void WithoutGenerator_WritesIntoItsOwnContainerOnly(string args)
    {
        var manifest = Thin.Replace("--multus-conf-file=auto, --multus-autoconfig-dir=/host/etc/cni/net.d, --cni-conf-dir=/host/etc/cni/net.d", args);
        var daemonSet = MultusManifest.WithoutGenerator(Read(manifest)).Single();

        Assert.That(
            daemonSet.Json["spec"]!["template"]!["spec"]!["containers"]![0]!["args"]!.AsArray().Select(a => a!.ToString()),
            Is.EqualTo((string[])
            [
                "--multus-autoconfig-dir=/host/etc/cni/net.d", "--multus-conf-file=/tmp/multus-conf/70-multus.conf", "--cni-conf-dir=/tmp",
            ]));
    }

    [Test]
    public void WithoutGenerator_ItsConfigMapIsNotMounted_IsRefused() =>
        Assert.That(
            () => MultusManifest.WithoutGenerator(Read(Thin.Replace("/tmp/multus-conf", "/elsewhere"))),
            Throws.TypeOf<FormatException>().With.Message.Contains("/tmp/multus-conf"));

    [Test]
    public void WithoutGenerator_TheThickOne_IsRefused() =>
        Assert.That(
            () => MultusManifest.WithoutGenerator(Read(Thin.Replace("/thin_entrypoint", "/usr/src/multus-cni/bin/multus-daemon"))),
            Throws.TypeOf<FormatException>().With.Message.Contains("thick"));

    [Test]
    public void WithoutGenerator_NoMultusAtAll_IsRefused() =>
        Assert.That(
            () => MultusManifest.WithoutGenerator(Read(Thin.Replace("multus-cni:v4.2.4", "nginx:1"))),
            Throws.TypeOf<FormatException>().With.Message.Contains("no DaemonSet with a Multus image"));

    private static ImmutableArray<ClusterObject> Read(string text) => ObjectReader.Read(text, "multus.yml");
}
