using System.Text.RegularExpressions;
using Antrea.Migration.Tests.House;

namespace Antrea.Migrator.Tests.Commands;

public class HelpTests
{
    private static readonly string[] Verbs =
    [
        "requirements", "check", "snapshot", "cidrs", "routes", "routes why", "policies", "policies convert", "policies verify", "policies explain", "plan",
        "migrate", "rollback", "status", "pause", "resume", "abort", "probe", "matrix", "lab", "lab up", "lab scenario", "lab scenario pretest",
        "node", "node routes", "node inspect", "node cni", "node cni list", "node cni read", "node cni write", "node cni remove", "node calico", "node calico audit",
        "node calico clean", "node calico lead", "node calico stop-leading", "node calico label", "node calico unlabel", "node multus", "node multus attachments", "node multus remove",
        "node antrea", "node antrea audit", "node antrea detach", "node antrea clean",
    ];

    [Test]
    public async Task The_root_lists_the_verbs()
    {
        var run = await MigratorRun.OfAsync("--help");
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
        Approval.Verify(Trimmed(run), "Root");
    }

    [TestCaseSource(nameof(Verbs))]
    public async Task Every_verb_says_what_it_does(string verb)
    {
        var run = await MigratorRun.OfAsync([.. verb.Split(' '), "--help"]);
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
        Approval.Verify(Trimmed(run), verb.Replace(' ', '-'));
    }

    [Test]
    public async Task Every_verb_of_the_root_is_in_these_tests()
    {
        var run = await MigratorRun.OfAsync("--help");
        var listed = run.Lines.SkipWhile(l => l != "Commands:").Skip(1)
            .Select(l => Regex.Match(l, @"^  (\S+)").Groups[1].Value).Where(v => v.Length > 0);
        Assert.That(listed, Is.EquivalentTo(Verbs.Where(v => !v.Contains(' '))));
    }

    [Test]
    public async Task Without_arguments_the_verbs_are_shown_and_nothing_is_done()
    {
        var run = await MigratorRun.OfAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Error));
            Assert.That(run.Output, Does.Contain("  migrate  "));
        }
    }

    [TestCase("frobnicate", "'frobnicate'", "antrea-migrator --help")]
    [TestCase("cidrs --lap", "'--lap'", "antrea-migrator cidrs --help")]
    [TestCase("policies convert -o xml", "'xml'", "antrea-migrator policies convert --help")]
    [TestCase("snapshot --lab c2a0", "'--to'", "antrea-migrator snapshot --help")]
    [TestCase("check --lab --workers x", "--workers is 'x'", "antrea-migrator check --help")]
    [TestCase("check --lab --workers 201", "--workers is '201', but must be a whole number between 1 and 200.", "antrea-migrator check --help")]
    [TestCase("lab up --workers 0", "--workers is '0'", "antrea-migrator lab up --help")]
    [TestCase("cidrs --from a --lab", "--from and --lab name different clusters; give one of them.", "antrea-migrator cidrs --help")]
    [TestCase("migrate --kubeconfig a --lab c2a0", "--kubeconfig and --lab name different clusters", "antrea-migrator migrate --help")]
    [TestCase("migrate --lab --step-timeout 0", "--step-timeout is '0'", "antrea-migrator migrate --help")]
    public async Task Wrong_usage_is_one_message_that_names_the_help(string arguments, string fault, string next)
    {
        var run = await MigratorRun.OfAsync(arguments.Split(' '));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Error));
            Assert.That(run.Output, Is.Empty);
            Assert.That(run.Error, Does.StartWith("error: ").And.Contain(fault).And.Contain(next));
        }
    }

    private static string Trimmed(MigratorRun run) => string.Join('\n', run.Lines);
}
