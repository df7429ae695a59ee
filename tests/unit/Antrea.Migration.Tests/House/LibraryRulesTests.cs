using System.Reflection;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Tests.House;

public class LibraryRulesTests() : AssemblyRules(typeof(Cidr).Assembly);

public class KindRulesTests() : AssemblyRules(Assembly.Load("Antrea.Migration.Kind"));
