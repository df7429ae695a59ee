using System.CommandLine;
using Antrea.Migration.Kind;
using Antrea.Migrator.Commands;

namespace Antrea.Migrator.Tests.Commands;

/// <summary>What <c>migrate --kind</c> refuses before anything is made.</summary>
public class KindTests
{
    [TestCase("--kind --like a --scenario simple", "--scenario both say how the addresses lie")]
    [TestCase("--like a", "--like go with --kind only.")]
    [TestCase("--scenario most-overlap --keep-cluster", "--scenario and --keep-cluster go with --kind only.")]
    [TestCase("--kind --lab", "--lab and --kind name different clusters")]
    [TestCase("--kind --context other", "--context and --kind name different clusters")]
    [TestCase("--kind --control-plane real --fabric kernel", "--control-plane and --fabric go with --lab only.")]
    [TestCase("--kind -c 5 -n 10 --interval 7", "-c and -n and --interval go with --lab only.")]
    [TestCase("--workers 3", "--workers goes with --lab or --kind only.")]
    [TestCase("--kind --pass-hold", "--pass-hold is for a migration that has stopped")]
    [TestCase("--kind --plan /no/such/plan", "/no/such/plan")]
    [TestCase("--kind --antrea-manifest /no/such/antrea.yml", "/no/such/antrea.yml")]
    [TestCase("--kind --multus-manifest /no/such/multus.yml", "/no/such/multus.yml")]
    [TestCase("--kind --report /", "--report / is a folder")]
    [TestCase("--kind --journal /", "--journal / is a folder")]
    [TestCase("--kind --timeline /dev/null/x.svg", "/dev/null")]
    [TestCase("--kind --backup /dev/null", "--backup /dev/null is a file")]
    [TestCase("--kind --failure-logs /dev/null", "--failure-logs /dev/null is a file")]
    [TestCase("--kind --load =x", "--load is '=x', but must be IMAGE[=NAME].")]
    [TestCase("--kind --load a=b=c", "--load is 'a=b=c', but must be")]
    [TestCase("--kind --replace-image a", "--replace-image is 'a', but must be OLD=NEW.")]
    [TestCase("--kind --scenario all", "'all'")]
    [TestCase("--kind --manifests /no/such/folder", "There is no /no/such/folder/calico.yaml.")]
    public async Task What_cannot_be_made_is_refused_in_words(string arguments, string words) =>
        (await MigratorRun.OfAsync(["migrate", .. arguments.Split(' ')])).VerifyRefused(words);

    [TestCase("", 1)]
    [TestCase("--lab", 1)]
    [TestCase("--kind", 6)]
    public void An_interrupted_command_has_the_time_to_delete_its_cluster(string arguments, int minutes)
    {
        var parse = new RootCommand { MigrateCommand.Create(TextWriter.Null) }.Parse(["migrate", .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.That(KindOptions.EndsWithin(parse), Is.EqualTo(TimeSpan.FromMinutes(minutes)));
        Assert.That(minutes == 1 || KindOptions.EndsWithin(parse) > KindCluster.DeleteTimeout);
    }
}
