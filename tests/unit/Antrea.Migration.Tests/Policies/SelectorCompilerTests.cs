using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;
using CsCheck;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Selectors become label selectors of the same meaning, for every Pod there could be.</summary>
public sealed class SelectorCompilerTests
{
    private static readonly Gen<PolicyPod> Pods = Gen.Select(
        Gen.OneOf("shop", "dev"),
        Gen.OneOf("", "web", "db", "prod"),
        Gen.OneOf("", "-", "web", "dev"),
        (ns, app, role) => new PolicyPod(ns, "p", "", Labels(("app", app), ("role", role)), [IPAddress.Loopback]));

    private static readonly PolicyWorld World = new(
        [],
        ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, string>>.Empty
            .Add("shop", Labels(("env", "prod"), ("team", "-")))
            .Add("dev", Labels(("env", "-"), ("team", ""))));

    [Test]
    public void Compile_AnySelector_SelectsTheSamePods() => Gen.Select(SelectorGen.OnPodsAndNamespaces, Pods).Sample(
        (expression, pod) =>
        {
            var alternatives = new SelectorCompiler(World).Compile(expression);
            if (alternatives.IsRefused)
            {
                return alternatives.Remarks.All(p => p.Code == PolicyCode.SelectorTooWide);
            }

            var selected = alternatives.Terms.Any(t => t.ToPodSelector().Matches(pod.Labels)
                && t.ToNamespaceSelector().Matches(World.LabelsOf(pod.Namespace)));
            return selected == expression.Matches(CalicoScope.EffectiveLabels(pod, World));
        },
        iter: 20_000);

    [Test]
    public void Compile_AnySelector_WritesOnlyLabelsThatKubernetesTakes() => SelectorGen.OnPodsAndNamespaces.Sample(
        expression => new SelectorCompiler(World).Compile(expression).Terms
            .SelectMany(t => t.ToPodSelector().Requirements.Concat(t.ToNamespaceSelector().Requirements))
            .All(r => LabelSyntax.IsKey(r.Key) && r.Values.All(LabelSyntax.IsValue)),
        iter: 5_000);

    [TestCase("app == 'web'", "app In web")]
    [TestCase("app != 'web'", "app NotIn web")]
    [TestCase("app in {'a', 'b'} && app != 'a'", "app In b")]
    [TestCase("has(app) && app not in {'a'}", "app Exists & app NotIn a")]
    [TestCase("!has(app)", "app DoesNotExist")]
    [TestCase("!(app == 'a' || has(role))", "app NotIn a & role DoesNotExist")]
    [TestCase("!(app == 'a' && role == 'b')", "app NotIn a | role NotIn b")]
    [TestCase("app == 'a' || role == 'b' || app == 'a'", "app In a | role In b")]
    [TestCase("app == 'a' && app == 'b'", "")]
    [TestCase("has(app) && !has(app)", "")]
    [TestCase("app == 'no label value!'", "")]
    [TestCase("app != 'no label value!'", "*")]
    [TestCase("-app == 'x'", "")]
    [TestCase("app starts with ''", "app Exists")]
    [TestCase("projectcalico.org/orchestrator == 'k8s'", "*")]
    [TestCase("projectcalico.org/orchestrator != 'k8s'", "")]
    [TestCase("projectcalico.org/namespace == 'shop'", "ns:kubernetes.io/metadata.name In shop")]
    [TestCase("pcns.projectcalico.org/name != 'shop'", "ns:kubernetes.io/metadata.name NotIn shop")]
    [TestCase("has(projectcalico.org/namespace)", "*")]
    [TestCase("pcns.env == 'prod' && app == 'a'", "app In a & ns:env In prod")]
    public void Compile_Selector_GivesTheseTerms(string selector, string expected)
    {
        var alternatives = new SelectorCompiler(World).Compile(CalicoSelector.Parse(selector).Expression);
        Assert.That(string.Join(" | ", alternatives.Terms.Select(Text)), Is.EqualTo(expected));
    }

    [TestCase("pcsa.team == 'x'", "selector-service-account")]
    [TestCase("global()", "selector-global")]
    public void Compile_WhatAntreaCannotSay_IsNamed(string selector, string code)
    {
        var alternatives = new SelectorCompiler(World).Compile(CalicoSelector.Parse(selector).Expression);
        Assert.That(alternatives.IsRefused);
        Assert.That(alternatives.Remarks.Select(p => p.Code.Id), Is.EqualTo(new[] { code }));
    }

    [TestCase("app starts with 'w'", "app In web,wiki", "label-values-frozen")]
    [TestCase("app contains 'x'", "", "label-values-frozen")]
    [TestCase("!(app ends with 'b')", "app NotIn db,web", "label-values-frozen")]
    [TestCase("pcns.env contains 'ro'", "ns:env In prod", "label-values-frozen")]
    [TestCase("pcns.projectcalico.org/name starts with 's'", "ns:kubernetes.io/metadata.name In shop", "label-values-frozen")]
    [TestCase("projectcalico.org/serviceaccount == 'web'", "sa:dev/web | sa:shop/web", "service-accounts-frozen")]
    [TestCase("projectcalico.org/serviceaccount == 'web' && projectcalico.org/namespace == 'shop'", "sa:shop/web", "service-accounts-frozen")]
    [TestCase("pcsa.team == 'x'", "sa:shop/web", "service-accounts-frozen")]
    [TestCase("pcsa.team != 'y'", "*", "service-accounts-frozen")]
    [TestCase("pcsa.team != 'x' && pcns.env == 'prod'", "sa:shop/db", "service-accounts-frozen")]
    [TestCase("app == 'wiki' && pcsa.projectcalico.org/name == 'db'", "", "service-accounts-frozen selector-service-account")]
    [TestCase("app == 'db' && pcsa.projectcalico.org/name == 'db'", "sa:shop/db", "service-accounts-frozen")]
    [TestCase("app in {'web', 'wiki'} && pcsa.projectcalico.org/name in {'web', 'db'}", "app In web,wiki", "service-accounts-frozen")]
    [TestCase("has(projectcalico.org/serviceaccount)", "*", "")]
    public void Compile_WhatIsWrittenOutForNow_GivesTheseTerms(string selector, string expected, string codes)
    {
        var pods = new (string Namespace, string App, string Account)[]
        {
            ("shop", "web", "web"), ("shop", "db", "db"), ("dev", "wiki", "web"),
        };
        var world = new PolicyWorld(
            [.. pods.Select((p, i) => new PolicyPod(p.Namespace, $"p{i}", p.Account, Labels(("app", p.App)), [IPAddress.Loopback]))],
            World.Namespaces)
        {
            ServiceAccounts = ImmutableDictionary<(string Namespace, string Name), ImmutableSortedDictionary<string, string>>.Empty
                .Add(("shop", "web"), Labels(("team", "x"))),
        };
        var alternatives = new SelectorCompiler(world).Compile(CalicoSelector.Parse(selector).Expression);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(string.Join(" | ", alternatives.Terms.Select(Text)), Is.EqualTo(expected));
            Assert.That(string.Join(' ', alternatives.Remarks.Select(r => r.Code.Id)), Is.EqualTo(codes));
        }
    }

    [Test]
    public void Compile_SelectorWithTooManyAlternatives_IsRefusedQuickly()
    {
        var wide = string.Join(" && ", Enumerable.Range(0, 40).Select(i => $"(a{i} == 'x' || b{i} == 'y')"));
        var alternatives = new SelectorCompiler(World).Compile(CalicoSelector.Parse(wide).Expression);
        Assert.That(alternatives.Terms, Is.Empty);
        Assert.That(alternatives.Remarks[0].Code, Is.EqualTo(PolicyCode.SelectorTooWide));
    }

    private static string Text(SelectorTerm term)
    {
        if (term.Accounts is { } accounts)
        {
            return string.Join(" & ", accounts.Select(a => $"sa:{a.Namespace}/{a.Name}"));
        }

        var parts = term.ToPodSelector().Requirements.Select(r => ("", r))
            .Concat(term.ToNamespaceSelector().Requirements.Select(r => ("ns:", r)))
            .Select(p => $"{p.Item1}{p.r.Key} {p.r.Operator} {string.Join(',', p.r.Values)}".TrimEnd())
            .ToList();
        return parts.Count == 0 ? "*" : string.Join(" & ", parts);
    }

    /// <summary>Labels; a hyphen for a value leaves the label out.</summary>
    private static ImmutableSortedDictionary<string, string> Labels(params (string Key, string Value)[] labels) =>
        labels.Where(l => l.Value != "-").ToImmutableSortedDictionary(l => l.Key, l => l.Value, StringComparer.Ordinal);
}
