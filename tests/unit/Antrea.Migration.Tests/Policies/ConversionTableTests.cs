using System.Text;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Verification;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Holds docs/conversion.md to the table in code, and the table to what the converter does.</summary>
public sealed class ConversionTableTests
{
    private const string Approve = "ANTREA_MIGRATION_APPROVE";

    private static IEnumerable<TestCaseData> Rows() =>
        ConversionTable.Sections.SelectMany(s => s.Rows).Select(r => new TestCaseData(r).SetArgDisplayNames(r.Field));

    [TestCaseSource(nameof(Rows))]
    public void Convert_TheRowsExample_DoesWhatTheRowSays(object data)
    {
        var row = (ConversionRow)data;
        var cluster = PolicyCluster.Examples(row.Version);
        foreach (var (line, i) in row.Example.Split('\n').Select((l, i) => (l, i)))
        {
            _ = line.Split(' ', 2) switch
            {
                ["DUAL"] => cluster.DualStack(),
                ["NP", var spec] => cluster.NetworkPolicy("shop", "p", spec),
                ["GNP", var spec] => cluster.GlobalPolicy("p", spec),
                ["KNP", var spec] => cluster.Add($"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: k{i}, namespace: shop}}, spec: {spec}}}"),
                _ => cluster.Add(line),
            };
        }

        if (row.Version == "v3.31.0")
        {
            cluster.Add("{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: sec}, spec: {order: 5}}");
        }

        var conversion = cluster.Convert();
        var codes = conversion.Findings.Select(f => f.Id).Distinct().ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(conversion.HasRefusals, Is.EqualTo(row.Status == RowStatus.Refused), () => string.Join('\n', conversion.Findings));
            if (row.Code is not null)
            {
                Assert.That(codes, Does.Contain(row.Code));
            }

            if (row.Status is RowStatus.Refused)
            {
                var finding = conversion.Findings.First(f => f.Id == row.Code);
                Assert.That(finding.Severity, Is.EqualTo(Severity.Blocker));
                Assert.That(finding.Subject, Is.Not.Empty);
                Assert.That(finding.Evidence, Is.Not.Empty);
                Assert.That(finding.Remedy, Is.Not.Empty);
                return;
            }

            Assert.That(codes, row.Code is null ? Is.Empty : Is.EqualTo(new[] { row.Code }));
            Assert.That(
                conversion.Policies.Select(p => p.Fidelity).DefaultIfEmpty().Max(),
                Is.EqualTo(row.Status == RowStatus.Snapshot ? Fidelity.Snapshot : Fidelity.Exact));
            Assert.That(cluster.Verify(conversion.Objects).Verdict, Is.EqualTo(ProofVerdict.Equal));
        }
    }

    [Test]
    public void Table_NamesEveryCodeOfTheConverter()
    {
        // These need a broken cluster or other options, and have tests of their own.
        string[] elsewhere =
        [
            "addresses-unknown", "tier-priority", "calico-version", "antrea-version", "ended-pods", "windows-node", "net-skipped", "endpoint-to-host-unknown",
        ];
        var named = ConversionTable.Sections.SelectMany(s => s.Rows).Select(r => r.Code).OfType<string>().Concat(elsewhere).ToHashSet();
        Assert.That(PolicyCode.All.Select(c => c.Id).Where(id => !named.Contains(id)), Is.Empty);
        Assert.That(PolicyCode.All.Select(c => c.Id), Is.Unique);
    }

    [Test]
    public void Document_IsWhatTheTableSays()
    {
        var file = Path.Combine(RepositoryRoot(), "docs", "conversion.md");
        var text = File.ReadAllText(file);
        var begin = text.IndexOf("<!-- table -->", StringComparison.Ordinal);
        var end = text.IndexOf("<!-- end of table -->", StringComparison.Ordinal);
        Assert.That((begin, end), Is.Not.EqualTo((-1, -1)), "docs/conversion.md has lost its marks");
        var expected = text[..begin] + "<!-- table -->\n\n" + Render() + text[end..];
        if (Environment.GetEnvironmentVariable(Approve) == "1")
        {
            File.WriteAllText(file, expected);
        }

        Assert.That(text, Is.EqualTo(expected), $"run again with {Approve}=1 to rewrite the table, and review the difference");
    }

    private static string Render()
    {
        var text = new StringBuilder();
        foreach (var (title, sources, rows) in ConversionTable.Sections)
        {
            text.Append("### ").Append(title).Append("\n\n| Calico | outcome | finding | Antrea |\n| --- | --- | --- | --- |\n");
            foreach (var row in rows)
            {
                text.Append(row.ToMarkdown()).Append('\n');
            }

            text.Append("\nSources: ").Append(sources).Append("\n\n");
        }

        text.Append("### Findings\n\n| finding | weight | what to do |\n| --- | --- | --- |\n");
        foreach (var code in PolicyCode.All)
        {
            text.Append("| `").Append(code.Id).Append("` | ").Append(code.Severity).Append(" | ").Append(code.Remedy).Append(" |\n");
        }

        return text.Append('\n').ToString();
    }

    private static string RepositoryRoot()
    {
        var directory = new DirectoryInfo(TestContext.CurrentContext.TestDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Migration.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new DirectoryNotFoundException("Migration.sln is in no directory above the tests.");
    }
}
