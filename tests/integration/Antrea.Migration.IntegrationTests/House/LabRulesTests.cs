using Antrea.Migration.Lab;
using Antrea.Migration.Tests.House;

namespace Antrea.Migration.IntegrationTests.House;

public class LabRulesTests() : AssemblyRules(typeof(LabCluster).Assembly);
