using Antrea.Migration.Clusters;

namespace Antrea.Migration.Tests.Clusters;

/// <summary>The real manifests, where a checkout of them lies beside the repository.</summary>
[TestFixture]
internal sealed class UpstreamManifestTests
{
    [TestCaseSource(nameof(Manifests))]
    public void Read_RealManifest_FindsItsMainObject(string file, string expected)
    {
        var path = Path.Combine(Upstream()!, file);
        var objects = ObjectReader.Read(File.ReadAllText(path), file);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(objects.Select(o => o.ToString()), Does.Contain(expected));

            // Counted the simple way: top-level "kind:" lines, one for each document.
            Assert.That(objects, Has.Length.EqualTo(File.ReadLines(path).Count(l => l.StartsWith("kind:", StringComparison.Ordinal))));
        }
    }

    private static IEnumerable<TestCaseData> Manifests()
    {
        (string File, string Object)[] manifests =
        [
            ("calico-v3.26.1/calico.yaml", "DaemonSet/kube-system/calico-node"),
            ("calico-v3.26.1/tigera-operator.yaml", "Deployment/tigera-operator/tigera-operator"),
            ("calico-v3.26.1/apiserver.yaml", "APIService/v3.projectcalico.org"),
            ("calico-v3.32.1/calico-vxlan.yaml", "DaemonSet/kube-system/calico-node"),
            ("antrea-v1.14.0/antrea.yml", "DaemonSet/kube-system/antrea-agent"),
            ("antrea-v2.7.0/antrea.yml", "DaemonSet/kube-system/antrea-agent"),
            ("multus-v4.2.4/multus-daemonset.yml", "DaemonSet/kube-system/kube-multus-ds"),
        ];
        foreach (var (file, obj) in manifests)
        {
            var data = new TestCaseData(file, obj);
            yield return Upstream() is null
                ? data.Ignore("There is no folder shared/upstream above the tests; the real manifests are not part of the repository.")
                : data;
        }
    }

    private static string? Upstream()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "upstream");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}
