namespace Antrea.Migrator.Tests.Commands;

/// <summary>What <c>migrate --kind</c> refuses before anything is made.</summary>
public class KindTests
{
    [TestCase("--scenario most-overlap --keep-cluster", "--scenario and --keep-cluster go with --kind only.")]
    [TestCase("--kind --lab", "--lab and --kind name different clusters")]
    [TestCase("--kind --load =x", "--load is '=x', but must be IMAGE[=NAME].")]
    [TestCase("--kind --load a=b=c", "--load is 'a=b=c', but must be")]
    [TestCase("--kind --replace-image a", "--replace-image is 'a', but must be OLD=NEW.")]
    [TestCase("--kind --scenario all", "'all'")]
    [TestCase("--kind --manifests /no/such/folder", "There is no /no/such/folder/calico.yaml.")]
    public async Task What_cannot_be_made_is_refused_in_words(string arguments, string words) =>
        (await MigratorRun.OfAsync(["migrate", .. arguments.Split(' ')])).VerifyRefused(words);
}
